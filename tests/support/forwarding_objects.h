#pragma once

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "store/objects.h"

namespace lucerna::test {

/// Does what the objects behind it do; tests override what is to go otherwise.
class ForwardingObjects : public store::Objects {
  public:
    explicit ForwardingObjects(std::unique_ptr<Objects> objects) : objects_(std::move(objects)) {}

    [[nodiscard]] bool is_shared() const override { return objects_->is_shared(); }
    void write_as(const std::string& writer) override { objects_->write_as(writer); }
    [[nodiscard]] std::string new_name() override { return objects_->new_name(); }
    [[nodiscard]] std::unique_ptr<store::ObjectWriter> create(const std::string& name) override {
        return objects_->create(name);
    }
    void settle() override { objects_->settle(); }
    void publish(const std::string& name) override { objects_->publish(name); }
    [[nodiscard]] std::unique_ptr<store::ObjectReader> open(const std::string& name) override {
        return objects_->open(name);
    }
    void remove(const std::string& name) override { objects_->remove(name); }
    void note_erased(std::span<const std::string> names) override { objects_->note_erased(names); }
    std::size_t remove_late(const std::function<bool(const std::string& name)>& known,
                            const std::function<bool()>& goes_on) override {
        return objects_->remove_late(known, goes_on);
    }
    [[nodiscard]] std::set<std::string> unpublished() override { return objects_->unpublished(); }
    void for_each(const std::function<void(const std::string& name)>& visit) override {
        objects_->for_each(visit);
    }
    Recovered recover(const std::function<bool(const std::string& name)>& known,
                      const std::function<bool(const std::string& writer)>& alive) override {
        return objects_->recover(known, alive);
    }
    void for_each_stray(const std::function<void(const std::string& place)>& visit) override {
        objects_->for_each_stray(visit);
    }

  private:
    std::unique_ptr<Objects> objects_;
};

}  // namespace lucerna::test
