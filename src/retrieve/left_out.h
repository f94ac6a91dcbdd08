#pragma once

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
#include "http/message.h"

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

/// Which instances one answer goes without, because they cannot be read, decoded or given as asked.
/// One thread at a time.
class LeftOut {
  public:
    /// `request` is http::Request::id, for the log.
    explicit LeftOut(std::string request) : request_(std::move(request)) {}

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

    [[nodiscard]] std::size_t count() const { return instances_.size(); }
    /// Their SOP Instance UIDs, or how many more there are than can be named.
    [[nodiscard]] std::string named() const;
    /// For a Warning header (PS3.18 8.3.4); empty where nothing was left out.
    [[nodiscard]] std::string warning() const;
    /// What was wrong with the first. Requires count() > 0.
    [[nodiscard]] const Error& first() const { return *first_; }

  private:
    std::string request_;
    std::vector<std::string> instances_;
    std::optional<Error> first_;
};

/// So much of an answer is made before its head is sent, which says then what was left out.
inline constexpr std::size_t kBeforeHead = std::size_t{1} << 20;

/// The items of an answer, some of them made already.
template <typename Item>
struct Begun {
    bool is_empty = false;
    /// Nothing is left to be made.
    bool is_whole = false;
    std::function<std::optional<Item>()> next;
};

/// Asks `next` for items, nothing being the end, until they are kBeforeHead bytes.
template <typename Item, typename Next, typename BytesOf>
Begun<Item> begun(Next next, BytesOf&& bytes_of) {
    std::deque<Item> made;
    std::size_t bytes = 0;
    bool at_end = false;
    while (!at_end && bytes < kBeforeHead) {
        std::optional<Item> item = next();
        at_end = !item;
        if (!item) break;
        bytes += static_cast<std::size_t>(bytes_of(*item));
        made.push_back(*std::move(item));
    }
    const bool is_empty = made.empty();
    return {
        is_empty, at_end,
        [made = std::move(made), next = std::move(next), at_end]() mutable -> std::optional<Item> {
            if (!made.empty()) {
                std::optional<Item> item(std::move(made.front()));
                made.pop_front();
                return item;
            }
            return at_end ? std::nullopt : next();
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
/// whole; for what is left out after the head was sent, into its trailer.
void say_left_out(http::Response& response, const std::shared_ptr<const LeftOut>& left_out,
                  IfPartial status);

}  // namespace lucerna::retrieve
