#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <memory>
#include <vector>

namespace lucerna::dicom {

class DataSet;

/// The items of a sequence. One stays where it is while others are appended. Most sequences have
/// one item, and an object may have a hundred thousand of them: a std::deque takes half a kilobyte
/// before it holds anything.
class Items {
    using Held = std::vector<std::unique_ptr<DataSet>>;

    template <typename At, typename Item>
    class Iterator {
      public:
        using iterator_category = std::bidirectional_iterator_tag;
        using value_type = DataSet;
        using difference_type = std::ptrdiff_t;
        using pointer = Item*;
        using reference = Item&;

        Iterator() = default;
        explicit Iterator(At at) : at_(at) {}
        reference operator*() const { return **at_; }
        pointer operator->() const { return at_->get(); }
        Iterator& operator++() {
            ++at_;
            return *this;
        }
        Iterator operator++(int) { return Iterator(at_++); }
        Iterator& operator--() {
            --at_;
            return *this;
        }
        Iterator operator--(int) { return Iterator(at_--); }
        friend bool operator==(const Iterator&, const Iterator&) = default;

      private:
        At at_;
    };

  public:
    using value_type = DataSet;
    using iterator = Iterator<Held::iterator, DataSet>;
    using const_iterator = Iterator<Held::const_iterator, const DataSet>;

    Items();
    ~Items();
    Items(Items&&) noexcept;
    Items& operator=(Items&&) noexcept;

    [[nodiscard]] std::size_t size() const { return held_.size(); }
    [[nodiscard]] bool empty() const { return held_.empty(); }
    [[nodiscard]] DataSet& operator[](std::size_t index) { return *held_[index]; }
    [[nodiscard]] const DataSet& operator[](std::size_t index) const { return *held_[index]; }
    [[nodiscard]] const DataSet& at(std::size_t index) const { return *held_.at(index); }
    [[nodiscard]] DataSet& front() { return *held_.front(); }
    [[nodiscard]] const DataSet& front() const { return *held_.front(); }
    [[nodiscard]] DataSet& back() { return *held_.back(); }
    [[nodiscard]] const DataSet& back() const { return *held_.back(); }
    [[nodiscard]] iterator begin() { return iterator(held_.begin()); }
    [[nodiscard]] iterator end() { return iterator(held_.end()); }
    [[nodiscard]] const_iterator begin() const { return const_iterator(held_.begin()); }
    [[nodiscard]] const_iterator end() const { return const_iterator(held_.end()); }

    DataSet& emplace_back();
    void push_back(DataSet&& item);
    /// Leaves the first `count`, which there must be.
    void keep_first(std::size_t count);
    void clear() { keep_first(0); }
    template <typename Condition>
    void erase_if(const Condition& condition) {
        std::erase_if(held_, [&](const auto& item) { return condition(*item); });
    }

  private:
    Held held_;
};

}  // namespace lucerna::dicom
