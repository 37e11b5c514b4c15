import { whole } from "../../schema-parts.ts";

/** `quota` of an instance or a flavor. */
export const quotaSchema = {
  type: "object",
  description: "Limits of what the guest may use. Extra specs: quota:KEY.",
  additionalProperties: false,
  properties: {
    cpu_shares: whole("Weight of the guest when CPUs are scarce.", 2, 262_144),
    cpu_period: whole("Length in µs of the period that cpu_quota is for.", 1000, 1_000_000),
    cpu_quota: whole("µs that each virtual CPU may use in a period.", 1000, 2 ** 40),
    disk_read_bytes_sec: whole("Most bytes that are read from each disk in a second.", 0, 10 ** 15),
    disk_write_bytes_sec: whole("Most bytes that are written to each disk in a second.", 0, 10 ** 15),
    disk_total_bytes_sec: whole("Most bytes that are read and written of each disk in a second.", 0, 10 ** 15),
    disk_read_iops_sec: whole("Most read operations of each disk in a second.", 0, 10 ** 15),
    disk_write_iops_sec: whole("Most write operations of each disk in a second.", 0, 10 ** 15),
    disk_total_iops_sec: whole("Most operations of each disk in a second.", 0, 10 ** 15),
    vif_inbound_average: whole("KiB per second that each network card receives on average.", 1, 2 ** 32),
    vif_inbound_peak: whole("KiB per second that each network card receives at most.", 1, 2 ** 32),
    vif_inbound_burst: whole("KiB that each network card receives at its peak rate.", 1, 2 ** 32),
    vif_outbound_average: whole("KiB per second that each network card sends on average.", 1, 2 ** 32),
    vif_outbound_peak: whole("KiB per second that each network card sends at most.", 1, 2 ** 32),
    vif_outbound_burst: whole("KiB that each network card sends at its peak rate.", 1, 2 ** 32),
  },
  examples: [{ cpu_shares: 512 }],
} as const;
