#include "retrieve/capabilities.h"

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "http/media_type.h"
#include "retrieve/address.h"
#include "retrieve/negotiate.h"

namespace lucerna::retrieve {
namespace {

constexpr std::array<std::string_view, 3> kTypes = {"application/vnd.sun.wadl+xml",
                                                    "application/xml", "text/xml"};

/// WADL's templates have plain names: a rest of several segments is one there, too.
std::string template_of(std::string_view pattern) {
    std::string path;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern.substr(i, 3) == "...") i += 3;
        path += pattern[i];
    }
    return path;
}

std::string parameters_of(std::string_view path) {
    std::string text;
    for (std::size_t begin = path.find('{'); begin != std::string_view::npos;
         begin = path.find('{', begin)) {
        const std::size_t end = path.find('}', begin);
        text += R"(<param name=")" + markup_escaped(path.substr(begin + 1, end - begin - 1)) +
                R"(" style="template" type="xs:string" required="true"/>)";
        begin = end;
    }
    return text;
}

}  // namespace

void add_capabilities(http::Router& router) {
    std::map<std::string, std::set<std::string>> methods;
    for (const http::Route& route : router.routes())
        if (route.pattern.starts_with(std::string(kRoot) + "/"))
            methods[template_of(route.pattern.substr(kRoot.size() + 1))].insert(route.method);
    std::string resources;
    for (const auto& [path, of_path] : methods) {
        resources += R"(<resource path=")" + markup_escaped(path) + "\">" + parameters_of(path);
        for (const std::string& method : of_path)
            resources += R"(<method name=")" + method + "\"/>";
        resources += "</resource>\n";
    }
    const auto handler = [resources](http::Request& request) {
        const auto type = http::choose(accepted_by(request), kTypes);
        if (!type) return not_acceptable(request, std::string(kTypes.front()));
        return http::Response::of(200, *type,
                                  R"(<?xml version="1.0" encoding="UTF-8"?>)"
                                  "\n"
                                  R"(<application xmlns="http://wadl.dev.java.net/2009/02" )"
                                  R"(xmlns:xs="http://www.w3.org/2001/XMLSchema">)"
                                  "\n"
                                  R"(<resources base=")" +
                                      markup_escaped(base_of(request)) + "/\">\n" + resources +
                                      "</resources>\n</application>\n");
    };
    router.add("OPTIONS", kRoot, handler, http::Access::kOpen);
}

}  // namespace lucerna::retrieve
