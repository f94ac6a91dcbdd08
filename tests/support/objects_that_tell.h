#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "support/forwarding_objects.h"

namespace lucerna::test {

/// Does what the objects behind it do, and calls `written`, once, when one is written and the index
/// does not know it yet.
class ObjectsThatTell final : public ForwardingObjects {
  public:
    using ForwardingObjects::ForwardingObjects;

    [[nodiscard]] std::unique_ptr<store::ObjectWriter> create(const std::string& name) override {
        return std::make_unique<Writer>(ForwardingObjects::create(name), *this);
    }

    std::function<void()> written;

  private:
    class Writer final : public store::ObjectWriter {
      public:
        Writer(std::unique_ptr<ObjectWriter> writer, ObjectsThatTell& objects)
            : writer_(std::move(writer)), objects_(objects) {}
        void append(ByteView bytes) override { writer_->append(bytes); }
        void finish() override {
            writer_->finish();
            if (const auto work = std::exchange(objects_.written, {})) work();
        }

      private:
        std::unique_ptr<ObjectWriter> writer_;
        ObjectsThatTell& objects_;
    };
};

}  // namespace lucerna::test
