import type { HostSettings } from "../../src/model/settings.ts";

/** The settings of a host whose configuration names no driver, network or filter. */
export function plainSettings(instancesPath: string): HostSettings {
  return {
    uri: "qemu:///system",
    instancesPath,
    virtType: "auto",
    imagesType: "qcow2",
    forceRawImages: true,
    preallocateImages: "none",
    reserved: { memory: 0, disk: 0 },
    allocationRatio: { vcpus: 1, memory: 1, disk: 1 },
    usedDrivers: [],
    programs: [],
    machines: [],
    networks: null,
    filtersTraffic: false,
    drivers: {},
    cloneSources: [],
  };
}
