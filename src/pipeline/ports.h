#pragma once

#include <functional>
#include <string>

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

  private:
    store::Store& store_;
    OnKept kept_;
};

/// The order book as receiving sees it.
class OrderDesk final : public receive::OrderSink {
  public:
    explicit OrderDesk(store::OrderBook& orders) : orders_(orders) {}
    exam::OrderOutcomes take(std::span<const exam::OrderRequest> requests) override;

  private:
    store::OrderBook& orders_;
};

/// The archive as delivering sees it.
class ArchiveSource final : public deliver::ObjectSource {
  public:
    explicit ArchiveSource(store::Archive& archive) : archive_(archive) {}
    dicom::ObjectHead head(const std::string& sop_instance_uid) override;
    Bytes file(const std::string& sop_instance_uid) override;

  private:
    store::Archive& archive_;
};

}  // namespace lucerna::pipeline
