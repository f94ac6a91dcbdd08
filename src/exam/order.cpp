#include "exam/order.h"

namespace lucerna::exam {

std::string_view name_of(OrderFate fate) {
    switch (fate) {
        case OrderFate::kNew:
            return "new";
        case OrderFate::kChanged:
            return "changed";
        case OrderFate::kUnchanged:
            return "unchanged";
        case OrderFate::kCancelled:
            break;
    }
    return "cancelled";
}

}  // namespace lucerna::exam
