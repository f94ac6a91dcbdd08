#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/json_depth.h"
#include "fhir/resources.h"

namespace lucerna::fhir {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kMostEntries = 1000;

/// Ends the reading of a document.
struct Found {
    Issue issue;
};

[[noreturn]] void fail(std::string code, std::string expression, std::string diagnostics) {
    throw Found{{std::move(code), std::move(expression), std::move(diagnostics)}};
}

/// Blanks around a text say nothing (PS3.5 6.2 of what it becomes), and would make another's of an
/// identifier.
std::string trimmed(const std::string& text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// An object and where it stands.
class Element {
  public:
    Element(const json& object, std::string path) : object_(object), path_(std::move(path)) {
        if (!object_.is_object()) fail("structure", path_, "this has to be an object");
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const json& object() const { return object_; }

    [[nodiscard]] std::string text(const char* name) const {
        const json* const value = find(name);
        if (value == nullptr) return {};
        if (!value->is_string()) fail("structure", path_ + "." + name, "this has to be a text");
        return trimmed(value->get_ref<const std::string&>());
    }
    [[nodiscard]] bool flag(const char* name, bool otherwise = false) const {
        const json* const value = find(name);
        if (value == nullptr) return otherwise;
        if (!value->is_boolean())
            fail("structure", path_ + "." + name, "this has to be true or false");
        return value->get<bool>();
    }
    [[nodiscard]] std::optional<Element> child(const char* name) const {
        const json* const value = find(name);
        if (value == nullptr) return {};
        return Element(*value, path_ + "." + name);
    }
    /// Fails for a resource that says that nobody may take it for what it seems who does not
    /// understand more than is read here (FHIR R4 2.4.0.1, Resource.implicitRules).
    void require_understood() const {
        if (find("implicitRules") != nullptr)
            fail("not-supported", path_ + ".implicitRules", "no implicit rules are known here");
        each("modifierExtension", [](const json&, const std::string& path) {
            fail("extension", path, "no modifier extension is known here");
        });
    }
    /// Calls `visit` for each element of a list.
    template <typename Visit>
    void each(const char* name, Visit&& visit) const {
        const json* const list = find(name);
        if (list == nullptr) return;
        if (!list->is_array()) fail("structure", path_ + "." + name, "this has to be a list");
        for (std::size_t i = 0; i < list->size(); ++i)
            visit((*list)[i], path_ + "." + name + "[" + std::to_string(i) + "]");
    }
    [[nodiscard]] std::vector<std::string> texts(const char* name) const {
        std::vector<std::string> all;
        each(name, [&](const json& value, const std::string& path) {
            // A null stands for a text that only has extensions.
            if (value.is_null()) return;
            if (!value.is_string()) fail("structure", path, "this has to be a text");
            all.push_back(trimmed(value.get_ref<const std::string&>()));
        });
        return all;
    }
    template <typename Read>
    [[nodiscard]] auto list(const char* name, Read&& read) const {
        std::vector<decltype(read(std::declval<const Element&>()))> all;
        each(name, [&](const json& value, const std::string& path) {
            all.push_back(read(Element(value, path)));
        });
        return all;
    }

  private:
    [[nodiscard]] const json* find(const char* name) const {
        const auto found = object_.find(name);
        return found == object_.end() ? nullptr : &*found;
    }

    const json& object_;
    std::string path_;
};

Coding coding_from(const Element& element) {
    return {element.text("system"), element.text("code"), element.text("display")};
}
CodeableConcept concept_from(const Element& element) {
    return {element.list("coding", coding_from), element.text("text")};
}
CodeableConcept concept_in(const Element& parent, const char* name) {
    const auto element = parent.child(name);
    return element ? concept_from(*element) : CodeableConcept();
}
std::string period_end_of(const Element& element) {
    const auto period = element.child("period");
    return period ? period->text("end") : std::string();
}
Identifier identifier_from(const Element& element) {
    return {concept_in(element, "type"), element.text("system"), element.text("value"),
            element.text("use"), period_end_of(element)};
}
HumanName name_from(const Element& element) {
    return {element.text("use"),    element.text("text"),    element.text("family"),
            element.texts("given"), element.texts("prefix"), element.texts("suffix"),
            period_end_of(element)};
}
Reference reference_from(const Element& element) {
    const auto identifier = element.child("identifier");
    return {element.text("reference"), element.text("display"),
            identifier ? identifier_from(*identifier) : Identifier()};
}
Reference reference_in(const Element& parent, const char* name) {
    const auto element = parent.child(name);
    return element ? reference_from(*element) : Reference();
}

/// Empty for a resource that says nothing about an order.
std::optional<Resource> resource_from(const Element& element) {
    const std::string type = element.text("resourceType");
    if (type == "Patient" || type == "Practitioner" || type == "Device")
        element.require_understood();
    if (type == "Patient") {
        bool is_replaced = false;
        for (const std::string& link :
             element.list("link", [](const Element& one) { return one.text("type"); }))
            is_replaced = is_replaced || link == "replaced-by";
        return Patient{element.path(),
                       element.list("identifier", identifier_from),
                       element.list("name", name_from),
                       element.text("gender"),
                       element.text("birthDate"),
                       element.flag("active", true),
                       is_replaced};
    }
    if (type == "Practitioner")
        return Practitioner{element.path(), element.list("name", name_from)};
    if (type == "Device")
        return Device{
            element.path(), element.list("identifier", identifier_from),
            element.list("deviceName", [](const Element& name) { return name.text("name"); })};
    return {};
}

/// Fails for an object with two members of one name: which is meant nobody knows (RFC 8259 4). (The
/// library's own parser with a callback looks through all of an object whenever one within it
/// ends.)
class Members final : public nlohmann::json_sax<json> {
  public:
    bool null() override { return true; }
    bool boolean(bool /*value*/) override { return true; }
    bool number_integer(number_integer_t /*value*/) override { return true; }
    bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
    bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
    bool string(string_t& /*value*/) override { return true; }
    bool binary(binary_t& /*value*/) override { return true; }
    bool start_object(std::size_t /*size*/) override {
        open_.emplace_back();
        return true;
    }
    bool key(string_t& name) override {
        if (!open_.back().insert(std::move(name)).second)
            fail("structure", "$this", "an object has two members of one name");
        return true;
    }
    bool end_object() override {
        open_.pop_back();
        return true;
    }
    bool start_array(std::size_t /*size*/) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                     const json::exception& /*error*/) override {
        // Whoever parses it says so.
        return false;
    }

  private:
    std::vector<std::set<std::string>> open_;
};

json parse_unambiguous(std::string_view text) {
    Members members;
    (void)json::sax_parse(text, &members);
    return json::parse(text);
}

class Reader {
  public:
    Submission read(const json& document) {
        const Element root(document, "$this");
        const std::string type = root.text("resourceType");
        if (type == "ServiceRequest")
            add_request(Element(document, "ServiceRequest"));
        else if (type == "Bundle")
            add_bundle(Element(document, "Bundle"));
        else
            fail("not-supported", "$this", "only a ServiceRequest or a Bundle is taken");
        for (const ServiceRequest& request : submission_.requests) require_unambiguous(request);
        return std::move(submission_);
    }

  private:
    void add_bundle(const Element& bundle) {
        submission_.is_bundle = true;
        bundle.require_understood();
        if (bundle.text("type") != "transaction")
            fail("not-supported", "Bundle.type", "only transactions are taken");
        bundle.each("entry", [&](const json& value, const std::string& path) {
            if (submission_.entries.size() == kMostEntries)
                fail("too-long", path, "more than 1000 entries");
            add_entry(Element(value, path));
        });
        if (submission_.requests.empty())
            fail("required", "Bundle.entry", "there is no ServiceRequest in it");
    }

    void add_entry(const Element& entry) {
        entry.require_understood();
        const auto request = entry.child("request");
        if (!request) fail("required", entry.path() + ".request", "a transaction says what to do");
        const std::string method = request->text("method");
        if (method != "POST" && method != "PUT")
            fail("not-supported", entry.path() + ".request.method", "only POST and PUT are done");
        const auto resource = entry.child("resource");
        if (!resource) fail("required", entry.path() + ".resource", "there is no resource");
        const std::string type = resource->text("resourceType");
        submission_.entries.emplace_back();
        if (type == "ServiceRequest") {
            submission_.entries.back() = submission_.requests.size();
            add_request(*resource);
            submission_.requests.back().if_none_exist = request->text("ifNoneExist");
            return;
        }
        const auto read = resource_from(*resource);
        if (!read) return;
        const std::string id = resource->text("id");
        std::set<std::string> names{entry.text("fullUrl"), id.empty() ? id : type + "/" + id};
        names.erase("");
        for (const std::string& name : names) add_resource(name, *read, resource->object());
    }

    void add_resource(const std::string& name, const Resource& resource, const json& as_sent) {
        const auto [named, is_new] = named_.emplace(name, &as_sent);
        if (is_new)
            submission_.resources.emplace(name, resource);
        else if (*named->second != as_sent)
            of_several_.insert(name);
    }

    /// Which of several that differ is meant nobody knows (invariants bdl-7, dom-3).
    void require_unambiguous(const ServiceRequest& request) const {
        const auto check = [&](const Reference& reference, const std::string& element) {
            const bool is_contained = reference.reference.starts_with('#');
            if (of_several_.contains((is_contained ? request.path : "") + reference.reference))
                fail("duplicate", request.path + "." + element, "several resources have that name");
        };
        check(request.subject, "subject.reference");
        check(request.requester, "requester.reference");
        for (std::size_t i = 0; i < request.performer.size(); ++i)
            check(request.performer[i], "performer[" + std::to_string(i) + "].reference");
    }

    void add_request(const Element& element) {
        element.require_understood();
        ServiceRequest request;
        request.path = element.path();
        request.status = element.text("status");
        request.intent = element.text("intent");
        request.priority = element.text("priority");
        request.do_not_perform = element.flag("doNotPerform");
        request.identifier = element.list("identifier", identifier_from);
        request.code = concept_in(element, "code");
        request.order_detail = element.list("orderDetail", concept_from);
        request.subject = reference_in(element, "subject");
        request.occurrence = element.text("occurrenceDateTime");
        request.occurrence_element = "occurrenceDateTime";
        if (const auto period = element.child("occurrencePeriod")) {
            request.occurrence = period->text("start");
            request.occurrence_element = "occurrencePeriod.start";
        }
        request.authored_on = element.text("authoredOn");
        request.requester = reference_in(element, "requester");
        request.performer = element.list("performer", reference_from);
        request.location_code = element.list("locationCode", concept_from);
        request.reason_code = element.list("reasonCode", concept_from);
        request.note = element.list("note", [](const Element& note) { return note.text("text"); });
        request.patient_instruction = element.text("patientInstruction");
        element.each("contained", [&](const json& value, const std::string& path) {
            const Element contained(value, path);
            if (const auto read = resource_from(contained))
                add_resource(request.path + "#" + contained.text("id"), *read, value);
        });
        submission_.requests.push_back(std::move(request));
    }

    Submission submission_;
    /// As they were sent.
    std::map<std::string, const json*> named_;
    std::set<std::string> of_several_;
};

}  // namespace

std::variant<Submission, Issue> read_submission(std::string_view text) {
    try {
        if (json_depth(text) > kDeepest) fail("too-long", "$this", "nested more than 64 deep");
        const json document = parse_unambiguous(text);
        return Reader().read(document);
    } catch (const Found& found) {
        return found.issue;
    } catch (const json::parse_error& error) {
        return Issue{"structure", "$this",
                     "no JSON: it goes wrong at byte " + std::to_string(error.byte)};
    } catch (const json::exception&) {
        return Issue{"structure", "$this", "no JSON that can be read"};
    }
}

}  // namespace lucerna::fhir
