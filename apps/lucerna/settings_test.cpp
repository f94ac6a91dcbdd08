#include "settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "support/temporary_folder.h"

namespace lucerna {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SettingsTest : public testing::Test {
  protected:
    ServeSettings read(std::string_view toml) {
        write_file(file(), as_byte_view(toml));
        return read_settings(file());
    }
    std::string refusal_of(std::string_view toml) {
        write_file(file(), as_byte_view(toml));
        return refusal_of_file(file());
    }
    static std::string refusal_of_file(const std::filesystem::path& path) {
        try {
            (void)read_settings(path);
        } catch (const Error& error) {
            return error.what();
        }
        return "accepted";
    }
    [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "lucerna.toml"; }

  private:
    test::TemporaryFolder folder_;
};

TEST_F(SettingsTest, StayAtTheirDefaultsUntilSet) {
    const ServeSettings settings = read("[http]\nport = 9000\n");
    EXPECT_EQ(settings.http_port, 9000);
    EXPECT_EQ(settings.http_address, "127.0.0.1");
    EXPECT_EQ(settings.aet, "LUCERNA");
    EXPECT_EQ(settings.quiet, std::chrono::seconds(60));
}

TEST_F(SettingsTest, ComeThroughAPipe) {
    ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
    std::jthread writer([&] {
        std::ofstream pipe(file());
        pipe << "[http]\nport = 9000\n";
    });
    EXPECT_EQ(read_settings(file()).http_port, 9000);
}

TEST_F(SettingsTest, ReadDestinations) {
    const ServeSettings settings = read(
        "[dicom]\naet = \"ME\"\n[[destination]]\nname = \"pacs\"\naet = \"PACS\"\nhost = \"h\"\n"
        "port = 104\n");
    ASSERT_EQ(settings.destinations.size(), 1U);
    EXPECT_EQ(settings.destinations[0].aet, "PACS");
    EXPECT_EQ(settings.destinations[0].calling_aet, "ME");
    EXPECT_TRUE(settings.destinations[0].results);
    const ServeSettings by_web = read(
        "[[destination]]\nname = \"web\"\nurl = \"https://pacs.example/dicom-web/\"\n"
        "token_file = \"/run/token\"\n");
    EXPECT_EQ(by_web.destinations.at(0).url, "https://pacs.example/dicom-web");
    EXPECT_EQ(by_web.destinations.at(0).token_file, "/run/token");
    const ServeSettings moves = read(
        "[[destination]]\nname = \"x\"\naet = \"X\"\nhost = \"h\"\nport = 1\nresults = false\n");
    EXPECT_FALSE(moves.destinations.at(0).results);
    EXPECT_THAT(refusal_of("[[destination]]\nname = \"x\"\naet = \"X\"\nhost = \"h\"\nport = 1\n"
                           "results = false\nimages = true\n"),
                HasSubstr("destination.images goes with the results"));
    EXPECT_THAT(refusal_of("[[destination]]\nname = \"x\"\naet = \"X\"\nhost = \"h\"\nport = 1\n"
                           "results = 0\n"),
                HasSubstr("destination.results must be true or false"));
}

TEST_F(SettingsTest, ReadHowADestinationIsDeidentified) {
    const std::string start =
        "[[destination]]\nname = \"x\"\naet = \"X\"\nhost = \"h\"\nport = 1\n";
    const ServeSettings settings =
        read(start +
             "images = true\ndeidentify = \"screening\"\nproject = \"p\"\n"
             "[deidentify]\nsafe_private = [\"(0019,xx0C) SITE\"]\n");
    EXPECT_TRUE(settings.destinations.at(0).images);
    EXPECT_EQ(settings.destinations.at(0).deidentify, "screening");
    EXPECT_EQ(settings.destinations.at(0).project, "p");
    EXPECT_EQ(settings.deidentify_safe_private.at(0), "(0019,xx0C) SITE");
    EXPECT_THAT(refusal_of(start + "deidentify = \"screening\"\n"), HasSubstr("go together"));
    EXPECT_THAT(refusal_of(start + "project = \"p\"\n"), HasSubstr("go together"));
}

TEST_F(SettingsTest, RefuseWhatTheyDoNotKnowWithFileAndLine) {
    EXPECT_THAT(refusal_of("data = \"d\"\n[http]\nprot = 1\n"),
                AllOf(HasSubstr("lucerna.toml, line 3"), HasSubstr("http.prot")));
    EXPECT_THAT(refusal_of("[http]\nport = \"x\"\n"),
                AllOf(HasSubstr("line 2"), HasSubstr("whole number")));
    EXPECT_THAT(refusal_of("[http]\nport = 70000\n"), HasSubstr("65535"));
    EXPECT_THAT(refusal_of("[http\n"), HasSubstr("line 1"));
    EXPECT_THAT(refusal_of("[[destination]]\nname = \"x\"\n"),
                HasSubstr("needs name, and either aet"));
    EXPECT_THAT(
        refusal_of("[[destination]]\nname = \"x\"\naet = \"X\"\nurl = \"https://x/dicom-web\"\n"),
        HasSubstr("needs name, and either aet"));
    EXPECT_THAT(
        refusal_of("[[destination]]\nname = \"x\"\nurl = \"http://pacs.example/dicom-web\"\n"),
        HasSubstr("http:// is for this machine"));
    EXPECT_THAT(refusal_of("[[destination]]\nname = \"x\"\nurl = \"pacs.example\"\n"),
                HasSubstr("begins with https://"));
    EXPECT_THAT(refusal_of("[[destination]]\nname = \"x\"\naet = \"X\"\nhost = \"h\"\nport = 1\n"
                           "colour = 1\n"),
                HasSubstr("colour"));
}

TEST_F(SettingsTest, AreReadFromAFileThatIsThere) {
    EXPECT_THAT(refusal_of_file(file().parent_path()), HasSubstr("it is a folder"));
    EXPECT_THAT(refusal_of_file(file().parent_path() / "none"), HasSubstr("none: No such file"));
}

TEST_F(SettingsTest, AreSetFromText) {
    ServeSettings settings = default_settings();
    set_from_text(settings, "http.port", "0");
    set_from_text(settings, "dicom.callers", "A,B");
    set_from_text(settings, "model.signature_required", "true");
    EXPECT_EQ(settings.http_port, 0);
    EXPECT_THAT(settings.dicom_callers, testing::ElementsAre("A", "B"));
    EXPECT_TRUE(settings.model_signature_required);
    EXPECT_THROW(set_from_text(settings, "http.port", "8o42"), Error);
    EXPECT_THROW(set_from_text(settings, "nothing", "1"), Error);
}

TEST_F(SettingsTest, WantACountry) {
    EXPECT_EQ(read("jurisdiction = \"CH\"\n").jurisdiction, "CH");
    EXPECT_EQ(read("jurisdiction = \"\"\n").jurisdiction, "");
    EXPECT_THAT(
        refusal_of("\njurisdiction = \"XYZ\"\n"),
        AllOf(HasSubstr("line 2"), HasSubstr("jurisdiction: \"XYZ\""), HasSubstr("ISO 3166-1")));
    ServeSettings settings = default_settings();
    EXPECT_THROW(set_from_text(settings, "jurisdiction", "ch"), Error);
}

TEST_F(SettingsTest, WantTitlesThatCanBeSent) {
    ServeSettings settings = default_settings();
    settings.destinations.push_back(destination_from("pacs=PACS@host:104", "US"));
    require_ae_titles(settings);
    for (const char* title : {"", "    ", "SEVENTEEN LETTERS", "A\\B", "M\xC3\xBC"}) {
        ServeSettings wrong = settings;
        wrong.aet = title;
        EXPECT_THROW(require_ae_titles(wrong), Error) << title;
        wrong = settings;
        wrong.dicom_callers = {title};
        EXPECT_THROW(require_ae_titles(wrong), Error) << title;
        wrong = settings;
        wrong.destinations.front().calling_aet = title;
        EXPECT_THROW(require_ae_titles(wrong), Error) << title;
    }
}

TEST(Endpoint, TakesAddressAndPortApart) {
    EXPECT_EQ(endpoint_from("--http", "[::1]:80", "x").address, "::1");
    EXPECT_EQ(endpoint_from("--http", ":80", "127.0.0.1").address, "127.0.0.1");
    EXPECT_EQ(endpoint_from("--http", "10.0.0.1:0", "x").port, 0);
    for (const char* text : {"80", "h:", "h:99999", "h:1x"})
        EXPECT_THROW((void)endpoint_from("--http", text, "x"), Error) << text;
}

TEST(Destination, IsNamedOnTheCommandLine) {
    const DestinationSettings pacs = destination_from("pacs=STORE@192.0.2.1:104", "ME");
    EXPECT_EQ(pacs.name, "pacs");
    EXPECT_EQ(pacs.aet, "STORE");
    EXPECT_EQ(pacs.host, "192.0.2.1");
    EXPECT_EQ(pacs.port, 104);
    for (const char* text : {"pacs", "pacs=STORE", "=STORE@h:1", "pacs=@h:1", "pacs=S@h:0"})
        EXPECT_THROW((void)destination_from(text, "ME"), Error) << text;
}

// docs/configuration.md is printed from the table; this holds it to it.
TEST(SettingsPage, IsTheCommittedOne) {
    const Bytes page =
        read_file(std::filesystem::path(LUCERNA_SOURCE_DIR) / "docs/configuration.md");
    EXPECT_EQ(as_text(page), settings_page())
        << "run: lucerna serve --print-configuration-page > docs/configuration.md";
}

TEST(Addresses, AreNumericOrRefusedByTheNameOfTheirSetting) {
    const auto refusal = [](std::string_view key, std::string_view value) -> std::string {
        ServeSettings settings = default_settings();
        set_from_text(settings, key, value);
        try {
            require_numeric_addresses(settings);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(refusal("http.address", "999.1.1.1"),
              "http.address: \"999.1.1.1\" is no numeric address");
    EXPECT_EQ(refusal("dicom.address", "localhost"),
              "dicom.address: \"localhost\" is no numeric address");
    EXPECT_EQ(refusal("hl7.listen", "2575"), "hl7.listen: \"2575\" is not ADDRESS:PORT");
    EXPECT_EQ(refusal("hl7.listen", "h:2575"), "hl7.listen: \"h\" is no numeric address");
    EXPECT_EQ(refusal("hl7.callers", "ris.example"),
              "hl7.callers: \"ris.example\" is no numeric address");
    EXPECT_EQ(refusal("hl7.listen", ":70000"), "hl7.listen: port 70000 is not in [0, 65535]");
    for (const char* address : {"127.0.0.1", "0.0.0.0", "::", "::1"})
        EXPECT_EQ(refusal("http.address", address), "");
    EXPECT_EQ(refusal("hl7.listen", "[::1]:2575"), "");
}

std::string destination(const std::string& name, const std::string& aet) {
    return "[[destination]]\nname = \"" + name + "\"\naet = \"" + aet +
           "\"\nhost = \"h\"\nport = 1\n";
}

TEST_F(SettingsTest, RefuseTwoDestinationsOfOneName) {
    EXPECT_THAT(refusal_of(destination("pacs", "A") + destination("pacs", "B")),
                AllOf(HasSubstr("lucerna.toml, line 6: "),
                      HasSubstr("a destination is called \"pacs\" already")));
    ServeSettings settings = read(destination("pacs", "A"));
    try {
        add_destination(settings, destination_from("pacs=B@h:1", "ME"), "--destination pacs=B@h:1");
        ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("--destination pacs=B@h:1: "));
    }
    EXPECT_EQ(settings.destinations.size(), 1U);
}

TEST_F(SettingsTest, SayWhichDestinationsNothingCanBeMovedTo) {
    const ServeSettings settings =
        read(destination("study", "PACS") + "deidentify = \"screening\"\nproject = \"p\"\n" +
             destination("a", "PACS") + destination("b", "OTHER") + destination("c", "PACS") +
             "[[destination]]\nname = \"web\"\nurl = \"https://pacs.example\"\n" +
             "[[destination]]\nname = \"web too\"\nurl = \"https://pacs.example\"\n");
    const auto shared = shared_titles(settings);
    ASSERT_EQ(shared.size(), 1U);
    EXPECT_EQ(shared[0].aet, "PACS");
    EXPECT_EQ(shared[0].moved_to, "a");
    EXPECT_EQ(shared[0].passed_over, "c");
}

}  // namespace
}  // namespace lucerna
