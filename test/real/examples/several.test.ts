import { tryExample } from "./try-example.ts";

// Several guests, or networks.
for (const example of ["environments", "networks", "two-tiers", "web"]) tryExample(example);
