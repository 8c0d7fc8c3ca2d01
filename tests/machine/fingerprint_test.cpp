#include "machine/fingerprint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "machine_folder.h"

namespace tamis {
namespace {

TEST(Fingerprint, of_this_machine_is_filled) {
  Fingerprint f = capture_fingerprint();
  EXPECT_FALSE(f.cpu_model.empty());
  EXPECT_FALSE(f.kernel.empty());
  EXPECT_FALSE(f.architecture.empty());
  EXPECT_GT(f.memory_bytes, 1U << 20);
  EXPECT_GE(usable_cores(f), 1);
  EXPECT_EQ(fingerprint_hash(f), fingerprint_hash(capture_fingerprint()));
}

TEST(Fingerprint, survives_a_machine_that_says_nothing) {
  Fingerprint f = MachineFolder().fingerprint();
  EXPECT_EQ(f.logical_cores, 1);
  EXPECT_EQ(f.cpu_model, "");
  EXPECT_FALSE(f.governor);
  EXPECT_FALSE(f.turbo);
  EXPECT_FALSE(f.on_battery);
  EXPECT_EQ(usable_cores(f), 1);
  EXPECT_TRUE(suspicious_conditions(f).empty());
}

TEST(Fingerprint, survives_files_that_make_no_sense) {
  MachineFolder machine;
  for (const char* file : {"proc/cpuinfo", "proc/meminfo", "proc/self/cgroup", "proc/self/status",
                           "proc/loadavg", "etc/os-release"})
    machine.put(file, ": ::\n\x01processor : zwei\nprocessor\n:-1 -1\nMemTotal: -5 kB\n");
  Fingerprint f = machine.fingerprint();
  EXPECT_EQ(f.logical_cores, 1);
  EXPECT_EQ(f.memory_bytes, 0U);
  EXPECT_EQ(f.load_1min, 0);
}

TEST(Fingerprint, reads_memory_power_system_and_load) {
  MachineFolder machine;
  machine.put("proc/meminfo",
              "MemTotal: 1024 kB\nMemAvailable: 512 kB\nSwapTotal: 100 kB\nSwapFree: 40 kB\n");
  machine.put("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
  machine.put("sys/class/power_supply/BAT0/type", "Battery\n");
  machine.put("sys/class/power_supply/BAT0/status", "Discharging\n");
  machine.put("proc/sys/kernel/osrelease", "6.1.0-x\n");
  machine.put("etc/os-release", "NAME=x\nPRETTY_NAME=\"Some Linux 1\"\n");
  machine.put("proc/loadavg", "1.25 0.5 0.1 2/345 678\n");
  Fingerprint f = machine.fingerprint();
  EXPECT_EQ(f.memory_bytes, 1U << 20);
  EXPECT_EQ(f.memory_available_bytes, 1U << 19);
  EXPECT_EQ(f.swap_used_bytes, 60U * 1024);
  EXPECT_EQ(f.turbo, true);
  EXPECT_EQ(f.on_battery, true);
  EXPECT_EQ(f.kernel, "6.1.0-x");
  EXPECT_EQ(f.os, "Some Linux 1");
  EXPECT_EQ(f.load_1min, 1.25);
}

TEST(Fingerprint, is_not_on_battery_at_mains_or_for_a_mouse) {
  MachineFolder machine;
  machine.put("sys/class/power_supply/mouse/type", "Battery\n");
  machine.put("sys/class/power_supply/mouse/scope", "Device\n");
  machine.put("sys/class/power_supply/mouse/status", "Discharging\n");
  EXPECT_FALSE(machine.fingerprint().on_battery);
  machine.put("sys/class/power_supply/AC/type", "Mains\n");
  machine.put("sys/class/power_supply/AC/online", "1\n");
  EXPECT_EQ(machine.fingerprint().on_battery, false);
}

TEST(Fingerprint, in_json_has_null_for_what_is_absent) {
  Json json = to_json(MachineFolder().fingerprint());
  EXPECT_TRUE(json.at("governor").is_null());
  EXPECT_TRUE(json.at("cpu_quota_cores").is_null());
  EXPECT_EQ(json.at("usable_cores"), 1);
}

TEST(FingerprintHash, ignores_what_passes_and_sees_what_stays) {
  Fingerprint f = capture_fingerprint(), other = f;
  other.load_1min += 3;
  other.memory_available_bytes /= 2;
  other.swap_used_bytes += 4096;
  EXPECT_EQ(fingerprint_hash(f), fingerprint_hash(other));
  other.governor = "powersave of another machine";
  EXPECT_NE(fingerprint_hash(f), fingerprint_hash(other));
}

TEST(FingerprintHash, takes_memory_to_the_gibibyte) {
  Fingerprint f, other;
  f.memory_bytes = (std::uint64_t{8} << 30) - 4096;
  other.memory_bytes = (std::uint64_t{8} << 30) + 4096;
  EXPECT_EQ(fingerprint_hash(f), fingerprint_hash(other));
  other.memory_bytes = std::uint64_t{16} << 30;
  EXPECT_NE(fingerprint_hash(f), fingerprint_hash(other));
}

TEST(UsableCores, allow_for_affinity_smt_and_quota) {
  Fingerprint f;
  f.logical_cores = 16;
  f.physical_cores = 8;
  f.affinity_cores = 16;
  EXPECT_EQ(usable_cores(f), 8);
  f.affinity_cores = 4;
  EXPECT_EQ(usable_cores(f), 4);
  f.affinity_physical_cores = 3;
  EXPECT_EQ(usable_cores(f), 3);
  f.cpu_quota_cores = 2.5;
  EXPECT_EQ(usable_cores(f), 2);
  f.cpu_quota_cores = 0.5;
  EXPECT_EQ(usable_cores(f), 1);
}

}  // namespace
}  // namespace tamis
