#include "store/sealed_io.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace lucerna::store {
namespace {

constexpr std::size_t kChunksAWrite = 4;
constexpr std::size_t kBufferBytes =
    vault::kSealedHeaderBytes + kChunksAWrite * vault::kSealedChunkBytes;

/// SealedHeader::kind of what is nobody's; of others it is the role, from which no few bits that
/// flip lead here.
constexpr std::uint8_t kNobodys = 0xFF;

[[noreturn]] void corrupt(const std::string& name, const std::string& what) {
    throw Error(ErrorCode::kCorrupt, "object " + name + ": " + what);
}

vault::SealedHeader new_header(const Placing& placing, const DataKey& key) {
    vault::SealedHeader header;
    header.object = vault::id_from(placing.object);
    header.data_key = vault::id_from(key.name);
    header.salt = vault::random_id();
    header.kind = placing.is_nobodys ? kNobodys : static_cast<std::uint8_t>(placing.role);
    header.received_ms = static_cast<std::uint64_t>(placing.received_at.time_since_epoch().count());
    return header;
}

vault::SealedHeader header_of(ObjectReader& file, const std::string& name) {
    std::array<std::uint8_t, vault::kSealedHeaderBytes> bytes;
    const std::size_t got = file.read(0, bytes);
    try {
        vault::SealedHeader header = vault::decode_header(ByteView(bytes).first(got));
        if (vault::to_text(header.object) != name) corrupt(name, "it holds another object");
        return header;
    } catch (const Error& error) {
        throw Error(error.code(), "object " + name, error);
    }
}

}  // namespace

bool is_nobodys(const vault::SealedHeader& header) {
    return header.kind == kNobodys;
}

SealedWriter::SealedWriter(Objects& objects, const Placing& placing, const DataKey& key)
    : header_(new_header(placing, key)),
      cipher_(key.key, header_),
      writer_(objects.create(placing.object)),
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(kBufferBytes)) {
    const auto encoded = vault::encode(header_);
    std::copy(encoded.begin(), encoded.end(), buffer_.get());
    filled_ = encoded.size();
}

void SealedWriter::seal(ByteView chunk, vault::Chunk which) {
    const std::size_t sealed = chunk.size() + vault::AesGcm::kTagBytes;
    if (filled_ + sealed > kBufferBytes) {
        writer_->append({buffer_.get(), filled_});
        filled_ = 0;
    }
    cipher_.seal(number_++, which, chunk, {buffer_.get() + filled_, sealed});
    filled_ += sealed;
}

void SealedWriter::finish() {
    writer_->append({buffer_.get(), filled_});
    writer_->finish();
}

void seal_rest(SealedWriter& writer, ByteView plain) {
    do {
        const ByteView part = plain.first(std::min(plain.size(), vault::kChunkBytes));
        plain = plain.subspan(part.size());
        writer.seal(part, plain.empty() ? vault::Chunk::kLast : vault::Chunk::kMore);
    } while (!plain.empty());
    writer.finish();
}

SealedReader::SealedReader(Objects& objects, KeyRing& keys, const std::string& name,
                           std::optional<std::uint64_t> plain_bytes)
    : SealedReader(objects, name, plain_bytes, [&keys](const vault::SealedHeader& header) {
          return keys.by_name(vault::to_text(header.data_key));
      }) {}

SealedReader::SealedReader(Objects& objects, const DataKey& key, const std::string& name)
    : SealedReader(objects, name, {}, [key = key.key](const vault::SealedHeader&) { return key; }) {
}

SealedReader::SealedReader(Objects& objects, const std::string& name,
                           std::optional<std::uint64_t> plain_bytes, KeyOf key_of)
    : name_(name), key_of_(std::move(key_of)), file_(objects.open(name)) {
    try {
        begin(plain_bytes);
    } catch (const Error& error) {
        // A bit of the header may make it another key's, or a newer program's.
        if (error.code() == ErrorCode::kUnavailable) throw;
        file_ = objects.open(name);
        begin(plain_bytes);
    }
}

void SealedReader::begin(std::optional<std::uint64_t> plain_bytes) {
    header_ = header_of(*file_, name_);
    try {
        size_ = vault::plain_size(file_->size(), header_.chunk_bytes);
        cipher_ = std::make_unique<vault::ChunkCipher>(key_of_(header_), header_);
    } catch (const Error& error) {
        throw Error(error.code(), "object " + name_, error);
    }
    if (plain_bytes && size_ != *plain_bytes)
        corrupt(name_,
                std::to_string(size_) + " bytes, the index says " + std::to_string(*plain_bytes));
}

void SealedReader::show_size() {
    std::array<std::uint8_t, 1> last;
    if (size_ > 0) read(size_ - 1, last);
}

Placing SealedReader::placing() const {
    Placing placing;
    placing.object = name_;
    placing.data_key = vault::to_text(header_.data_key);
    placing.bytes = size_;
    placing.role =
        header_.kind == static_cast<std::uint8_t>(Role::kResult) ? Role::kResult : Role::kReceived;
    placing.is_nobodys = store::is_nobodys(header_);
    placing.received_at =
        Instant(std::chrono::milliseconds(static_cast<std::int64_t>(header_.received_ms)));
    return placing;
}

bool SealedReader::opens_chunk(std::uint64_t number, std::span<std::uint8_t> plain) {
    // The thread's, not the reader's: hundreds of readers may wait for clients that are slow.
    thread_local Bytes scratch;
    const std::size_t sealed_chunk = header_.chunk_bytes + vault::AesGcm::kTagBytes;
    if (scratch.size() < sealed_chunk) scratch.resize(sealed_chunk);
    const std::span<std::uint8_t> sealed =
        std::span(scratch).first(plain.size() + vault::AesGcm::kTagBytes);
    const std::uint64_t offset = vault::kSealedHeaderBytes + number * sealed_chunk;
    if (file_->read(offset, sealed) != sealed.size())
        corrupt(name_, "chunk " + std::to_string(number) + " is cut short");
    const vault::Chunk which = number == last_chunk() ? vault::Chunk::kLast : vault::Chunk::kMore;
    return cipher_->open(number, which, sealed, plain);
}

/// The header may have come altered as well.
void SealedReader::read_chunk(std::uint64_t number, std::span<std::uint8_t> plain) {
    if (opens_chunk(number, plain)) return;
    log_event(LogLevel::kWarning, "store.read-again",
              {{"object", name_},
               {"why", "chunk " + std::to_string(number) + " is not what was stored"}});
    file_->read_anew();
    begin(size_);
    if (!opens_chunk(number, plain))
        corrupt(name_, "chunk " + std::to_string(number) + " is not what was stored");
}

HeldChunks::Chunk SealedReader::chunk_at(std::uint64_t number, std::size_t length,
                                         std::optional<HeldChunks::Chunk> held) {
    if (held && held->number == number) return *std::move(held);
    HeldChunks::Chunk chunk{number, held ? std::move(held->plain) : Bytes()};
    chunk.plain.resize(length);
    read_chunk(number, chunk.plain);
    return chunk;
}

void SealedReader::read(std::uint64_t offset, std::span<std::uint8_t> into) {
    if (size_ == 0) read_chunk(0, {});
    std::optional<HeldChunks::Chunk> held = held_.take();
    while (!into.empty()) {
        const std::uint64_t number = offset / header_.chunk_bytes;
        const std::uint64_t begin = number * header_.chunk_bytes;
        const std::size_t length =
            static_cast<std::size_t>(std::min<std::uint64_t>(header_.chunk_bytes, size_ - begin));
        const std::size_t skip = static_cast<std::size_t>(offset - begin);
        const std::size_t wanted = std::min(length - skip, into.size());
        if (wanted == length) {
            held.reset();
            read_chunk(number, into.first(length));
        } else {
            held = chunk_at(number, length, std::exchange(held, std::nullopt));
            std::copy_n(held->plain.begin() + static_cast<std::ptrdiff_t>(skip), wanted,
                        into.begin());
        }
        into = into.subspan(wanted);
        offset += wanted;
    }
    if (held) held_.put(*std::move(held));
}

}  // namespace lucerna::store
