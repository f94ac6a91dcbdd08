#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "store/objects.h"

namespace lucerna::test {

/// Does what the records behind it do; tests override what is to go otherwise.
class ForwardingRecords : public store::Records {
  public:
    explicit ForwardingRecords(std::unique_ptr<Records> records) : records_(std::move(records)) {}

    void write_new(const std::string& name, ByteView bytes) override {
        records_->write_new(name, bytes);
    }
    void publish(const std::string& name) override { records_->publish(name); }
    void recover(const std::function<bool(const std::string& name)>& known,
                 const std::function<bool(const std::string& writer)>& alive) override {
        records_->recover(known, alive);
    }
    void write(const std::string& name, ByteView bytes) override { records_->write(name, bytes); }
    [[nodiscard]] Bytes read(const std::string& name) override { return records_->read(name); }
    void remove(const std::string& name) override { records_->remove(name); }
    void for_each(const std::function<void(const std::string& name)>& visit) override {
        records_->for_each(visit);
    }
    void for_each_stray(const std::function<void(const std::string& place)>& visit) override {
        records_->for_each_stray(visit);
    }

  private:
    std::unique_ptr<Records> records_;
};

}  // namespace lucerna::test
