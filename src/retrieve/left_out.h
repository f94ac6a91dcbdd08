#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/guarded.h"
#include "http/message.h"
#include "http/multipart_writer.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// `error`, met while the instance of that SOP Instance UID was read, decoded or drawn. What was
/// malformed when it was sent is no fault of who asks now, nor of the archive: kInvalidInput comes
/// as kConflict (409: what is asked for conflicts with what there is, RFC 9110 15.5.10). What is
/// not as it was stored stays kCorrupt. Both name it.
[[nodiscard]] Error error_in(const std::string& instance, const Error& error);

/// Calls `look`, which looks at that instance. Throws as error_in has it.
template <typename Look>
auto looking_at(const std::string& instance, Look&& look) {
    try {
        return look();
    } catch (const Error& error) {
        throw error_in(instance, error);
    }
}

/// Instances that answers turned out to go without when their heads had been sent. Answers that
/// come after look at those first. Safe from any thread.
class Suspects {
  public:
    void add(const std::string& instance);
    [[nodiscard]] bool contains(const std::string& instance) const;

  private:
    Guarded<std::deque<std::string>> instances_;
};

/// Which instances one answer goes without, because they cannot be read, decoded or given as asked.
/// One thread at a time.
class LeftOut {
  public:
    /// `request` is http::Request::id, for the log.
    explicit LeftOut(std::string request, std::shared_ptr<Suspects> suspects = nullptr)
        : request_(std::move(request)), suspects_(std::move(suspects)) {}

    /// What `make` gives of that instance; nothing where it throws for a reason that lies in that
    /// object. One that would meet the others, too, comes through: kUnavailable, kOutOfSpace,
    /// kCancelled.
    template <typename Make>
    auto unless_broken(const std::string& instance, Make&& make)
        -> std::optional<std::invoke_result_t<Make>> {
        try {
            return looking_at(instance, std::forward<Make>(make));
        } catch (const Error& error) {
            add(instance, error);
            return std::nullopt;
        }
    }
    /// Logs "retrieve.left-out", once where one follows itself. Throws `error` where it would meet
    /// the others, too.
    void add(const std::string& instance, const Error& error);

    /// Of `rows`, those that are not out yet, `make` makes those that are suspected; they are out
    /// where it cannot.
    template <typename Make>
    void look_at_suspects(const std::vector<store::InstanceRow>& rows, std::vector<bool>& is_out,
                          Make&& make) {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::string& instance = rows[i].sop_instance_uid;
            if (is_out[i] || !suspects_ || !suspects_->contains(instance)) continue;
            is_out[i] = !unless_broken(instance, [&] { return (make(rows[i]), true); });
        }
    }

    /// The head of the answer can say what was left out before, and no more.
    void head_is_made() { in_head_ = count(); }
    /// Throws Error(kCorrupt), naming them, where some were left out since: an answer ends there
    /// whose head says that it is whole.
    void require_all_in_head() const;

    [[nodiscard]] std::size_t count() const { return count_; }
    /// Their SOP Instance UIDs, or how many more there are than can be named.
    [[nodiscard]] std::string named() const;
    /// For a Warning header (PS3.18 8.3.4); empty where nothing was left out.
    [[nodiscard]] std::string warning() const;
    /// What was wrong with the first. Requires count() > 0.
    [[nodiscard]] const Error& first() const { return *first_; }

  private:
    std::string request_;
    std::shared_ptr<Suspects> suspects_;
    /// The first of them: no more than are named.
    std::vector<std::string> instances_;
    std::string last_;
    std::size_t count_ = 0;
    std::optional<Error> first_;
    std::optional<std::size_t> in_head_;
};

/// So much of an answer is made before its head is sent, which says then what was left out. Where
/// all answers hold kMadeBeforeHeads so, it is the first item alone.
inline constexpr std::size_t kBeforeHead = std::size_t{1} << 20;
inline constexpr std::size_t kMadeBeforeHeads = std::size_t{16} << 20;

/// What one answer holds that was made before its head was sent. One thread at a time.
class MadeBeforeHead {
  public:
    MadeBeforeHead() = default;
    ~MadeBeforeHead() { give_back(); }
    MadeBeforeHead(const MadeBeforeHead&) = delete;
    MadeBeforeHead& operator=(const MadeBeforeHead&) = delete;

    void add(std::size_t bytes);
    void give_back();
    /// Of all answers together.
    [[nodiscard]] static bool has_room();

  private:
    std::size_t bytes_ = 0;
};
[[nodiscard]] std::size_t bytes_held_by(const std::string& item);
[[nodiscard]] std::size_t bytes_held_by(const http::Part& item);

/// The items of an answer, some of them made already.
template <typename Item>
struct Begun {
    bool is_empty = false;
    /// Nothing is left to be made.
    bool is_whole = false;
    std::function<std::optional<Item>()> next;
};

/// Asks `next` for items, nothing being the end, until they are kBeforeHead bytes. The rest of them
/// ends with an Error (LeftOut::require_all_in_head) where `left_out` says so.
template <typename Item, typename Next>
Begun<Item> begun(Next next, const std::shared_ptr<LeftOut>& left_out) {
    std::deque<Item> made;
    const auto held = std::make_shared<MadeBeforeHead>();
    std::size_t bytes = 0;
    bool at_end = false;
    while (!at_end && bytes < kBeforeHead && (made.empty() || MadeBeforeHead::has_room())) {
        std::optional<Item> item = next();
        at_end = !item;
        if (!item) break;
        const std::size_t it_holds = bytes_held_by(*item);
        held->add(it_holds);
        bytes += std::max(it_holds, static_cast<std::size_t>(item->size()));
        made.push_back(*std::move(item));
    }
    left_out->head_is_made();
    const bool is_empty = made.empty();
    return {is_empty, at_end,
            [made = std::move(made), held, next = std::move(next), at_end,
             left_out]() mutable -> std::optional<Item> {
                std::optional<Item> item;
                if (!made.empty()) {
                    item = std::move(made.front());
                    made.pop_front();
                    if (made.empty()) held->give_back();
                } else if (!at_end) {
                    item = next();
                    if (!item) left_out->require_all_in_head();
                }
                return item;
            }};
}

/// For an answer that may yet turn out to go without something.
void let_nobody_keep(http::Response& response);

/// What the status of an answer is that goes without something (PS3.18 Table 10.4.3-1).
enum class IfPartial {
    k206,
    /// For what viewers ask for that take 206 for a failure.
    k200,
};
/// Puts a Warning into an answer that goes without something, and lets nobody keep it as if it were
/// whole.
void say_left_out(http::Response& response, const LeftOut& left_out, IfPartial status);

}  // namespace lucerna::retrieve
