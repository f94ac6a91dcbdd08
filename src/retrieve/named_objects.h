#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "dicom/part10_head.h"
#include "retrieve/held_list.h"
#include "retrieve/packed_texts.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// The objects that a C-GET or C-MOVE names, while they are sent: some fifty bytes for each, which
/// are held as held_list.h has it. Safe from several threads.
class NamedObjects {
  public:
    /// One Patient ID may be two people's, each of whom has an issuer. `issuer`: whose it is, as
    /// store::indexed_text gives it; empty for all. What has none is the same patient's, as long as
    /// there is only one issuer, as it is when objects come.
    struct Owner {
        std::string patient_id;
        std::string issuer;
    };
    /// What `query` finds, in its order.
    NamedObjects(store::Archive& archive, store::Query query, Owner owner);

    [[nodiscard]] std::size_t size() const { return size_; }
    /// How many different issuers of their Patient IDs are said.
    [[nodiscard]] std::size_t issuers() const;
    /// Throws Error(kNotFound) where they had to be searched for again, and were others then:
    /// nobody can tell any more which have been sent.
    [[nodiscard]] dicom::ObjectHead operator[](std::size_t index) const;

  private:
    struct Kind {
        std::string sop_class_uid;
        std::string transfer_syntax_uid;
        std::string issuer_of_patient_id;
        friend auto operator<=>(const Kind&, const Kind&) = default;
    };
    struct Packed {
        PackedTexts sop_instance_uids;
        /// Of each, its place in `kinds`.
        std::vector<std::uint32_t> kind_of;
        std::vector<Kind> kinds;

        [[nodiscard]] std::size_t bytes() const;
        [[nodiscard]] std::string digest() const;
    };
    [[nodiscard]] static Packed search(store::Archive& archive, const store::Query& query,
                                       const Owner& owner);
    [[nodiscard]] static HeldList<Packed> list_of(store::Archive& archive, store::Query query,
                                                  Owner owner, std::size_t& size);

    std::size_t size_ = 0;
    HeldList<Packed> objects_;
    /// Some that were asked for last, or come next: their list is not searched for again for each.
    struct Some {
        std::size_t from = 0;
        std::vector<dicom::ObjectHead> heads;
    };
    mutable Guarded<Some> some_;
};

}  // namespace lucerna::retrieve
