#pragma once

namespace lucerna {

/// For a program that reads exams and ends. A reading needs large buffers again and again: by
/// default the C library gives each of them back to the system and gets it anew, page by page,
/// which costs a third of a reading. From here on it keeps them (up to 1 GiB), and has them in
/// large pages where the system has any, which are entered at once. To be called before other
/// threads run.
void keep_freed_memory();

/// For a server: what one thread freed another can have, and nothing goes back to the system before
/// give_back_freed_memory. To be called before other threads run.
void share_freed_memory();
/// Gives what was freed back to the system. Takes milliseconds.
void give_back_freed_memory();
/// The same, where there is so much of it (128 MiB, with what the program is itself) that a crowd
/// must have left it. Looks ten times a second at most; for whoever may have been one of a crowd.
void give_back_surplus_memory();

}  // namespace lucerna
