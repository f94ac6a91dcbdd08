#pragma once

#include <curl/curl.h>

#include <filesystem>
#include <string>

namespace lucerna {

struct EndCurl {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// What every request has that carries a key, or anything of a patient: it goes to `url` and
/// nowhere else. Neither a proxy of the environment nor a redirection is to see it; of
/// `authorities`, a file, those alone vouch for who answers, and where it is empty the system's.
inline void send_straight_to(CURL* curl, const std::string& url,
                             const std::filesystem::path& authorities) {
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    if (authorities.empty()) return;
    curl_easy_setopt(curl, CURLOPT_CAINFO, authorities.c_str());
    // Else those of the system's folder would be trusted as well.
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
}

}  // namespace lucerna
