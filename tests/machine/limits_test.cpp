#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "machine_folder.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;

TEST(CpuQuota, is_absent_where_nothing_limits) {
  MachineFolder machine;
  EXPECT_FALSE(machine.fingerprint().cpu_quota_cores);
  machine.put("proc/self/cgroup", "0::/\n").put("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_FALSE(machine.fingerprint().cpu_quota_cores);
}

TEST(CpuQuota, of_version_2_is_the_tightest_of_all_levels) {
  MachineFolder machine;
  machine.put("proc/self/cgroup", "0::/a/b\n");
  machine.put("sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  machine.put("sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
  EXPECT_EQ(machine.fingerprint().cpu_quota_cores, 1.5);
}

TEST(CpuQuota, of_version_2_is_found_at_the_top_in_a_container) {
  MachineFolder machine;
  machine.put("proc/self/cgroup", "0::/docker/0123\n");
  machine.put("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(machine.fingerprint().cpu_quota_cores, 0.5);
}

TEST(CpuQuota, of_version_1_is_read_whichever_name_its_folder_has) {
  for (const char* folder : {"sys/fs/cgroup/cpu,cpuacct/x", "sys/fs/cgroup/cpu/x"}) {
    MachineFolder machine;
    machine.put("proc/self/cgroup", "3:memory:/x\n2:cpu,cpuacct:/x\n");
    machine.put(folder + std::string("/cpu.cfs_quota_us"), "200000\n");
    machine.put(folder + std::string("/cpu.cfs_period_us"), "100000\n");
    EXPECT_EQ(machine.fingerprint().cpu_quota_cores, 2.0);
  }
}

TEST(CpuQuota, of_version_1_is_absent_at_minus_one) {
  MachineFolder machine;
  machine.put("proc/self/cgroup", "2:cpu,cpuacct:/\n");
  machine.put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  machine.put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_FALSE(machine.fingerprint().cpu_quota_cores);
}

TEST(Memory, limit_of_the_cgroup_is_given_where_it_is_below_the_machines) {
  MachineFolder machine;
  machine.put("proc/meminfo", "MemTotal: 1024 kB\n").put("proc/self/cgroup", "0::/x\n");
  machine.put("sys/fs/cgroup/x/memory.max", "9223372036854771712\n");
  EXPECT_FALSE(machine.fingerprint().memory_limit_bytes);
  machine.put("sys/fs/cgroup/x/memory.max", "524288\n");
  EXPECT_EQ(machine.fingerprint().memory_limit_bytes, 524288U);
}

TEST(Container, is_named_by_what_its_maker_leaves_behind) {
  EXPECT_EQ(MachineFolder().fingerprint().container, "");
  EXPECT_EQ(MachineFolder().put(".dockerenv", "").fingerprint().container, "docker");
  EXPECT_EQ(MachineFolder().put("run/.containerenv", "").fingerprint().container, "podman");
  EXPECT_EQ(MachineFolder().put("proc/1/cgroup", "0::/kubepods/x\n").fingerprint().container,
            "kubernetes");
}

TEST(Accelerators, are_named_by_their_device_file) {
  MachineFolder machine;
  machine.put("dev/dri/renderD128", "").put("dev/dri/card0", "");
  machine.put("sys/class/drm/renderD128/device/vendor", "0x8086\n");
  machine.put("dev/accel/accel0", "");
  machine.put("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t Some GPU\nIRQ: 5\n");
  EXPECT_THAT(machine.fingerprint().accelerators,
              ElementsAre("Intel GPU /dev/dri/renderD128", "NPU /dev/accel/accel0",
                          "Some GPU 0000:01:00.0"));
}

}  // namespace
}  // namespace tamis
