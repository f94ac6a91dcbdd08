// Files that somebody hands to the program: a model's manifest, a collection's manifest. The first
// byte chooses.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "collection/manifest.h"
#include "infer/manifest.h"
#include "seeds.h"
#include "support/tiny_package.h"

namespace {

using namespace lucerna;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view text = as_text(ByteView(data + 1, size - 1));
    try {
        if (data[0] % 2 == 0)
            (void)infer::parse_manifest(text);
        else
            (void)collection::parse_manifest(text, "manifest.csv");
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kInternal) std::abort();
    }
    return 0;
}

std::vector<lucerna::Bytes> lucerna::fuzz::seeds() {
    std::vector<Bytes> seeds;
    const auto add = [&](std::uint8_t which, const std::string& text) {
        Bytes seed{which};
        const ByteView bytes = as_byte_view(text);
        seed.insert(seed.end(), bytes.begin(), bytes.end());
        seeds.push_back(std::move(seed));
    };
    add(0, test::tiny_manifest().dump());
    add(1,
        "file,patient,laterality,view,image_malignant,x,y,w,h,lesion_pathology,density\n"
        "a.png,P1,LEFT,CC,1,10,20,30,40,MALIGNANT,2\n"
        "b.png,P1,LEFT,MLO,1,1.5,2,3,4,MALIGNANT,\"2,3\"\n"
        "c.png,P2,RIGHT,CC,0,,,,,,1\n");
    return seeds;
}
