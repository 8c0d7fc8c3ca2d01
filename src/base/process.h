#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace tamis {

// What the system says of this process, and what it is asked to do with it. Thread safe, unless
// said otherwise.

/// This process's number.
std::int64_t process_id();

/// "tamis bench": the program's name and its first argument; "" where the system does not say.
std::string process_command();

/// The processor time that this process has used so far, of all its threads, seconds.
double process_cpu_s();

/// How often the kernel has taken a processor away from this process so far.
std::uint64_t process_preemptions();

/// Ticks per second in /proc/stat.
double clock_ticks_per_second();

/// The machine's architecture as the kernel names it, such as "x86_64"; "" where it does not say.
std::string kernel_architecture();

/// The folder of the program or shared library that holds the code at this address; empty where
/// the loader does not know.
std::filesystem::path folder_of_code(const void* address);

/// Calls the handler on SIGINT and SIGTERM, in the middle of whatever runs: it may only do what a
/// signal handler may. Call once in main.
void on_stop_signals(void (*handler)(int));

/// Ends the process without cleaning up. May be called in a signal handler.
[[noreturn]] void end_at_once(int status);

/// Whether a process that this signal ended did something wrong itself (a crash, or a limit of its
/// own), and was not asked to end.
bool is_crash(int signal);

/// Whether the signal asks a process to end, from outside. SIGKILL is not counted: a system that
/// is out of memory sends it too, and would again.
bool is_request_to_end(int signal);

/// Lets standard output be standard error from now on, for libraries that print to it; returns a
/// descriptor for what standard output was. Call once, before threads start.
int take_standard_output();

}  // namespace tamis
