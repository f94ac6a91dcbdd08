#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dicom/scp.h"
#include "dicom/scp_exchange.h"
#include "receive/instance_sink.h"

namespace lucerna::receive {

/// Objects that modalities and PACS push by C-STORE go to the sink; an answer of success means
/// that the sink has kept them. Logs "receive.association" when a connection has ended (who, how,
/// counts, bytes), "receive.failed" for each object that was refused, with the status sent.
class DimseReceiver {
  public:
    /// Listens on return; `services` are served beside storage. Throws as Scp does. The sink must
    /// outlive this.
    DimseReceiver(dicom::ScpOptions options, InstanceSink& sink,
                  std::vector<dicom::ScpService> services = {});
    /// Finishes the objects in hand and stops.
    ~DimseReceiver() = default;

    [[nodiscard]] std::uint16_t port() const { return scp_.port(); }
    [[nodiscard]] std::size_t associations() const { return scp_.associations(); }

  private:
    class ToSink final : public dicom::ScpHandler {
      public:
        explicit ToSink(InstanceSink& sink) : sink_(sink) {}
        void object(const dicom::ReceivedObject& object, const dicom::Sender& sender) override;
        std::unique_ptr<dicom::Arrival> arriving(const dicom::ObjectHead& head,
                                                 const dicom::Sender& sender) override;
        void failed(const dicom::StoreFailure& failure, const dicom::Sender& sender) override;
        void ended(const dicom::AssociationReport& report) override;

      private:
        InstanceSink& sink_;
    };

    ToSink to_sink_;
    dicom::Scp scp_;
};

}  // namespace lucerna::receive
