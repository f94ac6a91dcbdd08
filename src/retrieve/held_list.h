#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <utility>

#include "base/guarded.h"

namespace lucerna::retrieve {

/// The lists that answers go through while they are sent, together, in bytes: those go that were
/// used longest ago, and are made again when their answers go on. Nobody waits for room, so that no
/// answer ends for want of it: to make a list again is one search of the index. Safe from any
/// thread.
class HeldLists {
  public:
    using List = std::shared_ptr<const void>;

    explicit HeldLists(std::size_t limit) : limit_(limit) {}

    [[nodiscard]] std::uint64_t new_name();
    /// In the place of another of that name, if there is one. One alone may be larger than the
    /// limit.
    void keep(std::uint64_t name, List list, std::size_t bytes);
    /// Null where it had to go.
    [[nodiscard]] List find(std::uint64_t name);
    void forget(std::uint64_t name);
    [[nodiscard]] std::size_t held() const;

  private:
    struct Kept {
        std::uint64_t name;
        List list;
        std::size_t bytes;
    };
    struct State {
        /// Those used last come last.
        std::list<Kept> kept;
        std::size_t held = 0;
        std::uint64_t last_name = 0;
    };
    const std::size_t limit_;
    Guarded<State> state_;
};

/// Those of this process: 16 MiB.
[[nodiscard]] HeldLists& held_lists();

/// One of them, or one that is so small that it is held whatever others hold. `List` says by
/// `bytes()` what it takes. Safe from several threads.
template <typename List>
class HeldList {
  public:
    /// Gives the same whenever it is called, or throws.
    using Make = std::function<List()>;

    /// Held freely: some twenty instances, as of most exams. There may be a thousand answers.
    static constexpr std::size_t kFreely = std::size_t{16} << 10;

    HeldList(List first, Make make) {
        auto list = std::make_shared<const List>(std::move(first));
        if (list->bytes() <= kFreely) {
            small_ = std::move(list);
            return;
        }
        make_ = std::move(make);
        name_ = held_lists().new_name();
        keep(std::move(list));
    }
    ~HeldList() {
        if (!small_) held_lists().forget(name_);
    }
    HeldList(const HeldList&) = delete;
    HeldList& operator=(const HeldList&) = delete;

    /// Throws what making it again throws.
    [[nodiscard]] std::shared_ptr<const List> get() const {
        if (small_) return small_;
        if (auto list = held_lists().find(name_))
            return std::static_pointer_cast<const List>(std::move(list));
        return keep(std::make_shared<const List>(make_()));
    }

  private:
    std::shared_ptr<const List> keep(std::shared_ptr<const List> list) const {
        held_lists().keep(name_, list, list->bytes());
        return list;
    }

    std::shared_ptr<const List> small_;
    Make make_;
    std::uint64_t name_ = 0;
};

}  // namespace lucerna::retrieve
