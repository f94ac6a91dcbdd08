#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deidentify/deidentifier.h"
#include "deliver/delivery.h"
#include "pipeline/kept_reports.h"
#include "receive/instance_sink.h"
#include "receive/order_sink.h"
#include "store/store.h"

namespace lucerna::pipeline {

/// The archive as receiving sees it. Tells `kept` of each study that got a new image, after the
/// image is durable.
class ArchiveSink final : public receive::InstanceSink {
  public:
    using OnKept = std::function<void(const std::string& study_instance_uid)>;
    ArchiveSink(store::Store& store, OnKept kept) : store_(store), kept_(std::move(kept)) {}
    receive::KeptAs keep(ByteView file, const receive::Origin& origin) override;
    std::unique_ptr<dicom::Arrival> arriving(const receive::Origin& origin) override;

  private:
    class Arriving;
    void note(ByteView file);

    store::Store& store_;
    OnKept kept_;
};

/// The order book as receiving sees it.
class OrderDesk final : public receive::OrderSink {
  public:
    explicit OrderDesk(store::OrderBook& orders) : orders_(orders) {}
    exam::OrderOutcomes take(std::span<const exam::OrderRequest> requests) override;
    std::optional<receive::FoundOrder> find(const std::string& name) override;

  private:
    store::OrderBook& orders_;
};

/// How objects are de-identified, by the name of the destination that they go to.
using Deidentifiers = std::map<std::string, std::shared_ptr<const deidentify::Deidentifier>>;

/// The archive as a destination sees it that gets de-identified objects. What was done to each
/// attribute is in the log of reports before the object is given out; logs "deliver.deidentified"
/// with the number of attributes for each action, and not of which object: the log stays when that
/// is erased, and with the reports, which are in the same order, would tell who went out as whom.
class DeidentifiedSource final : public deliver::ObjectSource {
  public:
    DeidentifiedSource(store::Archive& archive, std::string destination,
                       std::shared_ptr<const deidentify::Deidentifier> deidentifier,
                       KeptReports& reports)
        : archive_(archive),
          destination_(std::move(destination)),
          deidentifier_(std::move(deidentifier)),
          reports_(reports) {}
    /// Of the object as it is kept.
    dicom::ObjectHead head(const std::string& sop_instance_uid) override;
    /// Nothing of a capture that is not meant to be given out (deidentify/own_capture.h).
    /// Throws Error: kUnsupported for another refusal, with its reason, that of an object that is
    /// not read as it may be another patient's too; kOutOfSpace or kIo where the report cannot be
    /// written; kNotFound where it is erased meanwhile.
    std::optional<File> file(const std::string& sop_instance_uid) override;

  private:
    /// Of what was made of an original, or of what was not: those of `said`.
    void report(const store::InstanceRow& original, deidentify::ExportReport said) const;
    void log(const deidentify::ObjectReport& made) const;

    store::Archive& archive_;
    const std::string destination_;
    // Many destinations may share one project.
    std::shared_ptr<const deidentify::Deidentifier> deidentifier_;
    KeptReports& reports_;
};

/// The archive as delivering sees it.
class ArchiveSource final : public deliver::ObjectSource {
  public:
    ArchiveSource(store::Archive& archive, const Deidentifiers& deidentifiers,
                  KeptReports& reports);
    dicom::ObjectHead head(const std::string& sop_instance_uid) override;
    std::optional<File> file(const std::string& sop_instance_uid) override;
    deliver::ObjectSource& for_destination(const std::string& name) override;

  private:
    store::Archive& archive_;
    std::map<std::string, DeidentifiedSource> deidentified_;
};

}  // namespace lucerna::pipeline
