#include "collection/cache.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "collection/cache_index.h"
#include "collection/grey_codec.h"

namespace lucerna::collection {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMagic = "LUCERNA-TRAIN-2\n";
constexpr std::size_t kHashLength = 64;

void append_number(Bytes& bytes, std::uint64_t number) {
    for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

std::uint64_t number_at(ByteView bytes, std::size_t at) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) number |= std::uint64_t{bytes[at + i]} << (8 * i);
    return number;
}

Error corrupt(const std::string& what) {
    return Error(ErrorCode::kCorrupt, "training cache: " + what);
}

}  // namespace

CacheWriter::CacheWriter(exam::InputContract contract, int loss)
    : contract_(std::move(contract)), loss_(loss) {}

void CacheWriter::add(const TrainingImage& image) {
    packed_.push_back(encode_grey(image.pixels, loss_));
    // What is not UTF-8 in a stranger's column must not cost the collection.
    entries_.push_back(image_json(image, packed_.back().size())
                           .dump(-1, ' ', false, Json::error_handler_t::replace));
}

Bytes CacheWriter::finish(const std::string& manifest_sha256,
                          const std::vector<std::string>& refused) {
    const auto text = [](const Json& json) {
        return json.dump(-1, ' ', false, Json::error_handler_t::replace);
    };
    std::string index = "{\"contract\":" + text(contract_json(contract_)) +
                        ",\"manifest_sha256\":" + text(manifest_sha256) +
                        ",\"refused\":" + text(refused) + ",\"loss\":" + std::to_string(loss_) +
                        ",\"images\":[";
    for (std::size_t i = 0; i < entries_.size(); ++i)
        index += (i == 0 ? "\n" : ",\n") + entries_[i];
    index += "]}\n";
    Bytes out(kMagic.begin(), kMagic.end());
    append_number(out, index.size());
    out.insert(out.end(), index.begin(), index.end());
    for (const Bytes& packed : packed_) out.insert(out.end(), packed.begin(), packed.end());
    const std::string hash = lucerna::sha256(out);
    out.insert(out.end(), hash.begin(), hash.end());
    return out;
}

CacheReader::CacheReader(Bytes file) : file_(std::move(file)) {
    const ByteView bytes(file_);
    if (bytes.size() < kMagic.size() + 8 + kHashLength ||
        as_text(bytes.first(kMagic.size())) != kMagic)
        throw Error(
            ErrorCode::kUnsupported,
            "not a training cache of version 2: make it again with `lucerna learn prepare`");
    const ByteView body = bytes.first(bytes.size() - kHashLength);
    sha256_ = lucerna::sha256(body);
    if (sha256_ != as_text(bytes.subspan(body.size())))
        throw corrupt("its hash does not match its content");
    const std::uint64_t index_size = number_at(body, kMagic.size());
    std::size_t at = kMagic.size() + 8;
    if (index_size > body.size() - at) throw corrupt("the index is longer than the file");
    try {
        const Json index = Json::parse(as_text(body.subspan(at, index_size)));
        at += index_size;
        index_.contract = contract_from(index.at("contract"));
        index_.manifest_sha256 = index.at("manifest_sha256").get<std::string>();
        index_.refused = index.at("refused").get<std::vector<std::string>>();
        loss_ = index.at("loss").get<int>();
        for (const Json& entry : index.at("images")) {
            index_.images.push_back(image_from(entry));
            const auto size = entry.at("bytes").get<std::size_t>();
            if (size > body.size() - at) throw corrupt("the pixels end too early");
            extents_.push_back({at, size});
            at += size;
        }
    } catch (const Json::exception& cause) {
        throw Error(ErrorCode::kCorrupt, "training cache: the index is broken", cause);
    }
}

CacheReader CacheReader::open(const std::filesystem::path& path) {
    return CacheReader(read_file(path));
}

exam::Raster<std::uint8_t> CacheReader::pixels(std::size_t image) const {
    const auto& size = index_.images.at(image).pixels;
    exam::Raster<std::uint8_t> picture(size.width, size.height);
    const Extent& extent = extents_[image];
    decode_grey(ByteView(file_).subspan(extent.offset, extent.size), loss_, picture);
    return picture;
}

Bytes encode_training_set(const TrainingSet& set) {
    CacheWriter writer(set.contract);
    for (const TrainingImage& image : set.images) writer.add(image);
    return writer.finish(set.manifest_sha256, set.refused);
}

TrainingSet decode_training_set(Bytes bytes) {
    const CacheReader reader(std::move(bytes));
    TrainingSet set = reader.index();
    for (std::size_t i = 0; i < set.images.size(); ++i) set.images[i].pixels = reader.pixels(i);
    return set;
}

}  // namespace lucerna::collection
