#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "machine_folder.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;

/// Four logical cores on two physical ones, as Intel's are numbered without SMT neighbours
/// adjacent.
std::string xeon_cpuinfo() {
  std::string text;
  for (int cpu = 0; cpu < 4; ++cpu)
    text +=
        "processor\t: " + std::to_string(cpu) +
        "\nvendor_id\t: GenuineIntel\nmodel name\t: Some Xeon\nphysical id\t: 0\ncore id\t\t: " +
        std::to_string(cpu % 2) + "\nflags\t\t: fpu avx2 avx512_vnni amx_int8 avx512f\n\n";
  return text;
}

TEST(Cpu, counts_cores_that_two_hardware_threads_share_once) {
  MachineFolder machine;
  Fingerprint f = machine.put("proc/cpuinfo", xeon_cpuinfo()).fingerprint();
  EXPECT_EQ(f.cpu_model, "Some Xeon");
  EXPECT_EQ(f.cpu_vendor, "GenuineIntel");
  EXPECT_EQ(f.logical_cores, 4);
  EXPECT_EQ(f.physical_cores, 2);
  EXPECT_TRUE(f.smt);
  EXPECT_THAT(f.isa, ElementsAre("avx2", "avx512f", "avx512_vnni", "amx_int8"));
}

TEST(Cpu, believes_the_topology_folder_before_cpuinfo) {
  MachineFolder machine;
  machine.put("proc/cpuinfo", xeon_cpuinfo());
  for (int cpu = 0; cpu < 4; ++cpu)
    machine.put("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/core_cpus_list",
                std::to_string(cpu));
  EXPECT_EQ(machine.fingerprint().physical_cores, 4);
}

TEST(Cpu, takes_the_affinity_from_the_process_status) {
  MachineFolder machine;
  machine.put("proc/cpuinfo", xeon_cpuinfo());
  machine.put("proc/self/status", "Name:\ttamis\nCpus_allowed:\t5\nCpus_allowed_list:\t0,2\n");
  Fingerprint f = machine.fingerprint();
  EXPECT_EQ(f.affinity_cores, 2);
  EXPECT_EQ(f.affinity_physical_cores, 1);  // 0 and 2 are neighbours
  EXPECT_EQ(usable_cores(f), 1);
}

TEST(Cpu, reads_arm) {
  MachineFolder machine;
  Fingerprint f = machine
                      .put("proc/cpuinfo",
                           "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\nCPU implementer\t: "
                           "0x41\nCPU part\t: 0xd0c\n\nprocessor\t: 1\nFeatures\t: fp asimd\n")
                      .fingerprint();
  EXPECT_EQ(f.logical_cores, 2);
  EXPECT_EQ(f.physical_cores, 2);
  EXPECT_FALSE(f.smt);
  EXPECT_EQ(f.cpu_model, "ARM part 0xd0c");
  EXPECT_THAT(f.isa, ElementsAre("asimd", "asimddp", "i8mm"));
}

TEST(Cpu, names_governors_that_differ_between_cores_together) {
  MachineFolder machine;
  const std::string folder = "sys/devices/system/cpu/cpu";
  machine.put(folder + "0/cpufreq/scaling_governor", "powersave\n");
  machine.put(folder + "1/cpufreq/scaling_governor", "performance\n");
  EXPECT_EQ(machine.fingerprint().governor, "performance/powersave");
}

TEST(CpuList, reads_ranges_and_single_numbers) {
  EXPECT_THAT(machine::parse_cpu_list("0-2,7, 9\n"), ElementsAre(0, 1, 2, 7, 9));
  EXPECT_THAT(machine::parse_cpu_list("x,3-,4,0-99999999"), ElementsAre(4));
  EXPECT_TRUE(machine::parse_cpu_list("").empty());
}

}  // namespace
}  // namespace tamis
