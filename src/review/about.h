#pragma once

#include <string>

namespace lucerna::review {

/// What `GET /api/about` says, and what stands on every page.
struct About {
    std::string version;
    std::string model_name;
    std::string model_version;
    std::string model_sha256;
    std::string manufacturer;
    std::string intended_use;
    /// exam::use_statement of the model at this site.
    std::string use_statement;
    bool research_only = true;
    /// What the training data is owed.
    std::string attribution;
};

}  // namespace lucerna::review
