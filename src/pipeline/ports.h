#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "deidentify/deidentifier.h"
#include "deliver/delivery.h"
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

/// The archive as a destination sees it that gets de-identified objects. Logs
/// "deliver.deidentified" with the number of attributes for each action.
class DeidentifiedSource final : public deliver::ObjectSource {
  public:
    DeidentifiedSource(store::Archive& archive,
                       std::shared_ptr<const deidentify::Deidentifier> deidentifier)
        : archive_(archive), deidentifier_(std::move(deidentifier)) {}
    /// Of the object as it is kept.
    dicom::ObjectHead head(const std::string& sop_instance_uid) override;
    /// Throws Error(kUnsupported) for a refusal, with its reason.
    Bytes file(const std::string& sop_instance_uid) override;

  private:
    store::Archive& archive_;
    // Many destinations may share one project.
    std::shared_ptr<const deidentify::Deidentifier> deidentifier_;
};

/// The archive as delivering sees it.
class ArchiveSource final : public deliver::ObjectSource {
  public:
    explicit ArchiveSource(store::Archive& archive, const Deidentifiers& deidentifiers = {});
    dicom::ObjectHead head(const std::string& sop_instance_uid) override;
    Bytes file(const std::string& sop_instance_uid) override;
    deliver::ObjectSource& for_destination(const std::string& name) override;

  private:
    store::Archive& archive_;
    std::map<std::string, DeidentifiedSource> deidentified_;
};

}  // namespace lucerna::pipeline
