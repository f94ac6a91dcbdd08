#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "deliver/destination.h"
#include "dicom/scp.h"
#include "http/server.h"
#include "infer/model_package.h"
#include "pipeline/ports.h"
#include "pipeline/second_opinion.h"
#include "receive/instance_sink.h"
#include "receive/mllp_listener.h"
#include "receive/order_sink.h"
#include "store/store.h"

namespace lucerna::pipeline {

struct ServerParts {
    http::ServerOptions http;
    dicom::ScpOptions dicom;
    /// Our application entity title.
    std::string aet = "LUCERNA";
    /// Answer C-FIND and give objects out over DIMSE.
    bool query_retrieve = true;
    /// Let those who may delete studies, series and instances by DICOMweb.
    bool deletion = false;
    /// Where HL7 orders are taken; empty: nowhere.
    std::optional<receive::MllpOptions> hl7;
    receive::OrderDefaults orders;
    /// Built page; see review::add_page.
    std::filesystem::path web;
    std::string jurisdiction;
    std::string version;
    std::chrono::milliseconds quiet{60'000};
    std::chrono::milliseconds reading_lease{10 * 60'000};
    /// For which a delivery is its server's without a sign of life.
    std::chrono::milliseconds delivery_lease{5 * 60'000};
    std::vector<deliver::Destination> destinations;
    /// Of those destinations that get de-identified objects.
    Deidentifiers deidentifiers;
    /// Folder of the reports of what was done to objects that went there.
    std::filesystem::path reports;
};

/// Everything at work: receiving on two protocols, reading, delivering, serving pages and DICOMweb.
/// What it is given is borrowed and must outlive it.
class Server {
  public:
    /// Listens on return. Throws Error(kUnavailable) for a port that can't be had,
    /// Error(kInvalidInput) for options that can't be meant.
    Server(const ServerParts& parts, store::Store& store, const infer::ModelPackage& model,
           const Clock& clock);
    /// Stops taking work in, finishes what is in hand.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::uint16_t http_port() const;
    [[nodiscard]] std::uint16_t dicom_port() const;
    /// 0 where no HL7 orders are taken.
    [[nodiscard]] std::uint16_t hl7_port() const;
    /// Where objects of this process (sample exams) can be put in; as if received.
    [[nodiscard]] receive::InstanceSink& sink();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lucerna::pipeline
