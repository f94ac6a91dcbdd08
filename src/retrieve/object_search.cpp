#include "retrieve/object_search.h"

#include "base/error.h"
#include "base/log.h"
#include "retrieve/key_matching.h"

namespace lucerna::retrieve {

std::optional<Head> head_to_search(store::Archive& archive, const std::string& sop_instance_uid) {
    try {
        const auto row = archive.instance(sop_instance_uid);
        if (!row) throw Error(ErrorCode::kNotFound, "it was erased meanwhile");
        return head_of(archive, *row);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kUnavailable) throw;
        log_event(LogLevel::kError, "query.object-unread",
                  {{"instance", sop_instance_uid}, {"why", error.what()}});
        return {};
    }
}

ObjectMatches find_by_objects(store::Archive& archive, store::Query query,
                              const dicom::DataSet& keys) {
    ObjectMatches found;
    std::size_t to_skip = query.offset;
    const std::size_t limit = query.limit;
    query.offset = 0;
    query.limit = std::size_t{1} << 30;
    if (limit == 0) return found;
    archive.find_each(query, [&](const store::Match& match) {
        const auto object = head_to_search(archive, match.sop_instance_uid);
        if (object && !match_keys(keys, object->data_set(), Absent::kEmpty).matches) return true;
        if (to_skip > 0) {
            --to_skip;
            return true;
        }
        found.matches.push_back(match);
        if (!object) ++found.unread;
        return found.matches.size() < limit;
    });
    return found;
}

}  // namespace lucerna::retrieve
