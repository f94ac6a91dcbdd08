// What lies in the data folder, altered by somebody who can write there: key files, records of data
// keys, the header and chunks of an object. The first byte chooses. What is accepted must be what
// was stored.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "seeds.h"
#include "store/key_ring.h"
#include "vault/held_keys.h"
#include "vault/sealed_object.h"

namespace {

using namespace lucerna;

constexpr std::uint32_t kSmallChunk = 4096;

const vault::SecretKey& data_key() {
    static const vault::SecretKey key = vault::SecretKey::from(Bytes(32, 7));
    return key;
}

vault::SealedHeader header_of_seed() {
    vault::SealedHeader header;
    header.object.fill(1);
    header.data_key.fill(2);
    header.salt.fill(3);
    header.chunk_bytes = kSmallChunk;
    return header;
}

Bytes plain_of_seed() {
    Bytes plain(300);
    for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<std::uint8_t>(i);
    return plain;
}

Bytes sealed_seed() {
    const vault::SealedHeader header = header_of_seed();
    const auto begin = encode(header);
    const Bytes plain = plain_of_seed();
    Bytes sealed(begin.begin(), begin.end());
    sealed.resize(begin.size() + plain.size() + vault::AesGcm::kTagBytes);
    vault::ChunkCipher(data_key(), header)
        .seal(0, vault::Chunk::kLast, plain, std::span(sealed).subspan(begin.size()));
    return sealed;
}

void open_object(ByteView bytes) {
    const vault::SealedHeader header = vault::decode_header(bytes);
    const std::uint64_t size = vault::plain_size(bytes.size(), header.chunk_bytes);
    // More than one chunk is for the archive's own tests.
    if (size > header.chunk_bytes || size > (1U << 20)) return;
    Bytes plain(size);
    if (vault::ChunkCipher(data_key(), header)
            .open(0, vault::Chunk::kLast, bytes.subspan(vault::kSealedHeaderBytes), plain) &&
        plain != plain_of_seed())
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const ByteView bytes(data + 1, size - 1);
    try {
        if (data[0] % 3 == 0) {
            open_object(bytes);
        } else if (data[0] % 3 == 1) {
            const store::KeyRecord record = store::key_record_from(as_text(bytes));
            if (store::to_text(store::key_record_from(store::to_text(record))) !=
                store::to_text(record))
                std::abort();
        } else {
            (void)vault::keys_from(as_text(bytes), "a file");
        }
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kInternal) std::abort();
    }
    return 0;
}

std::vector<lucerna::Bytes> lucerna::fuzz::seeds() {
    std::vector<Bytes> seeds;
    const auto add = [&](std::uint8_t which, ByteView bytes) {
        Bytes seed{which};
        seed.insert(seed.end(), bytes.begin(), bytes.end());
        seeds.push_back(std::move(seed));
    };
    add(0, sealed_seed());
    add(1, as_byte_view(store::to_text({std::string(32, 'a'), {"transit:k:v1", Bytes(60, 5)}})));
    add(2, as_byte_view(vault::to_text({{"one", data_key()}, {"two", data_key()}})));
    return seeds;
}
