#pragma once

#include "machine/fingerprint.h"
#include "machine/system_files.h"

namespace tamis::machine {

// The parts of a fingerprint, each read by one function that leaves alone what it cannot read.
// Private to this folder.

void read_cpu(const SystemFiles& files, Fingerprint& fingerprint);     ///< model, cores, isa
void read_clocks(const SystemFiles& files, Fingerprint& fingerprint);  ///< governor, turbo
void read_memory(const SystemFiles& files, Fingerprint& fingerprint);  ///< memory, swap, its limit
void read_quota(const SystemFiles& files, Fingerprint& fingerprint);   ///< cgroup's CPU limit
void read_container(const SystemFiles& files, Fingerprint& fingerprint);
void read_accelerators(const SystemFiles& files, Fingerprint& fingerprint);

}  // namespace tamis::machine
