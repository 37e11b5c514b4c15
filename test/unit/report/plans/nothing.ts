import { planOf } from "../support.ts";

/** Everything is as it should be. */
export const plan = planOf([], {
  unchanged: [{ address: "domain/web-0", before: { vcpus: 1 } }],
  unmanaged: [{ what: "domain", name: "ci" }],
});
