// What strangers send about work items: the body of a UPS-RS request, JSON or XML, or the filter of
// a subscription. The first byte says which. Every request is answered, with no defect of ours, and
// what was taken can be found, given back and reported.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "http/router.h"
#include "retrieve/ups.h"
#include "seeds.h"
#include "store/store_test_support.h"

namespace {

using namespace lucerna;

constexpr const char* kItem = "/dicom-web/workitems/1.2.3";
constexpr const char* kWatcher = "/subscribers/WATCHER";
constexpr const char* kScheduled =
    R"({"00741200":{"vr":"CS","Value":["HIGH"]},"00741204":{"vr":"LO","Value":["Read"]},)"
    R"("00404005":{"vr":"DT","Value":["20260301083000"]},"00404041":{"vr":"CS","Value":["READY"]},)"
    R"("00741000":{"vr":"CS","Value":["SCHEDULED"]}})";

class Worklist {
  public:
    Worklist() {
        set_log_level(LogLevel::kError);
        retrieve::add_ups(router_, store_.workitems(), store_.subscriptions(), clock_);
        ask("POST", "/dicom-web/workitems/1.2.840.10008.5.1.4.34.5" + std::string(kWatcher), {},
            {});
        ask("POST", "/dicom-web/workitems", "1.2.3", kScheduled);
    }

    int ask(const std::string& method, const std::string& path, std::string_view query,
            std::string_view body, const char* type = "application/dicom+json",
            const char* accept = "*/*") {
        http::BodyInMemory bytes{std::string(body)};
        http::Request request(bytes);
        request.method = method;
        request.path = path;
        request.query = http::Query::parse(query);
        request.origin = "http://localhost";
        request.headers.set("Content-Type", type);
        request.headers.set("Accept", accept);
        const int status = router_.handle(request).status;
        if (status >= 500) std::abort();
        return status;
    }

    /// All that is to be told now.
    void listen() {
        http::BodyInMemory none;
        http::Request request(none);
        request.path = "/dicom-web" + std::string(kWatcher);
        request.upgrades = true;
        const http::Response channel = router_.handle(request);
        while (!channel.channel->next().bytes.empty()) {
        }
    }

    void give_all() {
        for (const char* accept :
             {"application/dicom+json", "multipart/related; type=\"application/dicom+xml\""})
            if (ask("GET", "/dicom-web/workitems", {}, {}, "", accept) != 200) std::abort();
        listen();
    }

  private:
    ManualClock clock_{Instant{}};
    store::TestStore store_;
    http::Router router_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    static Worklist worklist;
    static int taken = 0;
    const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
    const char* const type = data[0] % 2 == 0 ? "application/dicom+json" : "application/dicom+xml";
    switch (data[0] / 2 % 5) {
        case 0:
            // Of few, so that all can be given back each time.
            if (taken < 20 && worklist.ask("POST", "/dicom-web/workitems", {}, rest, type) == 201)
                ++taken;
            break;
        case 1:
            worklist.ask("POST", kItem, {}, rest, type);
            break;
        case 2:
            worklist.ask("PUT", std::string(kItem) + "/state", {}, rest, type);
            break;
        case 3:
            worklist.ask("POST", std::string(kItem) + "/cancelrequest", {}, rest, type);
            break;
        default:
            try {
                worklist.ask(
                    "POST",
                    "/dicom-web/workitems/1.2.840.10008.5.1.4.34.5.1" + std::string(kWatcher), rest,
                    {});
            } catch (const Error&) {
                // The query itself.
            }
    }
    worklist.give_all();
    return 0;
}

std::vector<lucerna::Bytes> lucerna::fuzz::seeds() {
    std::vector<Bytes> seeds;
    const auto add = [&](std::uint8_t which, std::string_view text) {
        Bytes seed{which};
        const ByteView bytes = as_byte_view(text);
        seed.insert(seed.end(), bytes.begin(), bytes.end());
        seeds.push_back(std::move(seed));
    };
    add(0, kScheduled);
    add(1,
        R"(<?xml version="1.0"?><NativeDicomModel>)"
        R"(<DicomAttribute tag="00741200" vr="CS"><Value number="1">HIGH</Value></DicomAttribute>)"
        R"(<DicomAttribute tag="00741204" vr="LO"><Value number="1">Read</Value></DicomAttribute>)"
        R"(<DicomAttribute tag="00404005" vr="DT"><Value number="1">2026</Value></DicomAttribute>)"
        R"(<DicomAttribute tag="00404041" vr="CS"><Value number="1">READY</Value></DicomAttribute>)"
        R"(<DicomAttribute tag="00100010" vr="PN"><PersonName number="1"><Alphabetic><FamilyName>D)"
        R"(</FamilyName></Alphabetic></PersonName></DicomAttribute>)"
        R"(<DicomAttribute tag="00741000" vr="CS"><Value number="1">SCHEDULED</Value>)"
        R"(</DicomAttribute></NativeDicomModel>)");
    add(2, R"({"00741002":{"vr":"SQ","Value":[{"00741004":{"vr":"DS","Value":[50]}}]},)"
           R"("00404025":{"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["A"]}}]},)"
           R"("00404034":{"vr":"SQ","Value":[null]}})");
    add(3, R"(<NativeDicomModel><DicomAttribute tag="00741002" vr="SQ"><Item number="1">)"
           R"(<DicomAttribute tag="00741004" vr="DS"><Value number="1">50</Value></DicomAttribute>)"
           R"(</Item></DicomAttribute></NativeDicomModel>)");
    add(4,
        R"({"00741000":{"vr":"CS","Value":["IN PROGRESS"]},"00081195":{"vr":"UI","Value":["2.25.1"]}})");
    add(6, R"({"00741238":{"vr":"LT","Value":["moved away"]}})");
    add(8, "filter=ProcedureStepLabel=Read*,PatientID=1&deletionlock=true");
    add(8, "ScheduledWorkitemCodeSequence.CodeValue=1");
    return seeds;
}
