// What comes of an object where it lies, or on the way, as something else than was stored.
#include "store/sealed_io.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "store/store_test_support.h"
#include "support/forwarding_objects.h"

namespace lucerna::store {
namespace {

using test::error_of;

/// Which of the next reads are of what, and how large an object is said to be.
struct Slips {
    int flips = 0;
    std::size_t at = 0;
    std::uint64_t too_large = 0;
    /// How often an object is opened with that.
    int too_large_for = 0;
};

class SlippingReader final : public ObjectReader {
  public:
    SlippingReader(std::unique_ptr<ObjectReader> reader, Slips& slips)
        : reader_(std::move(reader)), slips_(slips) {
        if (slips.too_large_for <= 0) return;
        --slips.too_large_for;
        more_ = slips.too_large;
    }
    [[nodiscard]] std::uint64_t size() const override { return reader_->size() + more_; }
    std::size_t read(std::uint64_t offset, std::span<std::uint8_t> into) override {
        const std::size_t got = reader_->read(offset, into);
        if (slips_.flips > 0 && slips_.at >= offset && slips_.at < offset + got) {
            --slips_.flips;
            into[slips_.at - static_cast<std::size_t>(offset)] ^= 1;
        }
        return got;
    }

  private:
    std::unique_ptr<ObjectReader> reader_;
    Slips& slips_;
    std::uint64_t more_ = 0;
};

class SlippingObjects final : public test::ForwardingObjects {
  public:
    SlippingObjects(std::unique_ptr<Objects> objects, Slips& slips)
        : ForwardingObjects(std::move(objects)), slips_(slips) {}

    [[nodiscard]] std::unique_ptr<ObjectReader> open(const std::string& name) override {
        return std::make_unique<SlippingReader>(ForwardingObjects::open(name), slips_);
    }

  private:
    Slips& slips_;
};

struct SlippingStore : TestStore {
    SlippingStore() {
        open_slipping();
        archive().keep(one.file());
    }
    void open_slipping() {
        close();
        std::unique_ptr<Objects> objects;
        if (bucket)
            objects = std::make_unique<ObjectBucket>(std::make_shared<S3>(*bucket));
        else
            objects = std::make_unique<ObjectFolder>(data() / "objects");
        store = std::make_unique<Store>(
            options(), std::make_unique<SlippingObjects>(std::move(objects), slips),
            TestStore::records(), keys, clock);
    }
    [[nodiscard]] Bytes read() { return archive().object(one.sop_instance); }

    test::StoredInstance one;
    Slips slips;
};

// In magic, name, key, salt and kind of the header, and in what is sealed.
TEST(SealedIo, ReadsOnceMoreWhatIsNotWhatWasStored) {
    SlippingStore store;
    for (const std::size_t at : {0U, 12U, 20U, 30U, 36U, 40U, 50U, 62U, 63U, 100U}) {
        store.slips.at = at;
        store.slips.flips = 1;
        EXPECT_EQ(store.read(), store.one.file()) << at;
        EXPECT_EQ(store.slips.flips, 0) << at;
        store.slips.flips = 1;
        EXPECT_EQ(store.archive().keep(store.one.file()), Kept::kAlreadyKept) << at;
    }
    store.slips.flips = 1000;
    EXPECT_EQ(error_of([&] { (void)store.read(); }), "corrupt");
    store.slips.flips = 0;
    EXPECT_EQ(store.read(), store.one.file());
}

// Whoever believed it would take memory of that size.
TEST(SealedIo, BelievesNoSizeThatTheIndexContradicts) {
    SlippingStore store;
    store.slips.too_large = std::uint64_t{1} << 50;
    store.slips.too_large_for = 1;
    EXPECT_EQ(store.read(), store.one.file());
    store.slips.too_large_for = 1000;
    EXPECT_EQ(error_of([&] { (void)store.read(); }), "corrupt");
    const auto row = store.archive().instance(store.one.sop_instance);
    EXPECT_EQ(error_of([&] { (void)store.archive().open(*row); }), "corrupt");
    EXPECT_EQ(store.archive().verify().size(), 1U);
}

// Nothing else knows how large it is.
TEST(SealedIo, EntersNothingWhoseLastChunkContradictsItsSize) {
    SlippingStore store;
    store.close();
    store.lose_index();
    store.open_slipping();
    store.slips.too_large = std::uint64_t{1} << 50;
    store.slips.too_large_for = 1000;
    EXPECT_EQ(store.archive().reindex().size(), 1U);
    store.slips.too_large_for = 0;
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_EQ(store.read(), store.one.file());
}

}  // namespace
}  // namespace lucerna::store
