// One file, so that one start of the LVM host serves all of them, which takes longer than most tests. Conformance is first: what an image
// does not fill in a new volume keeps what was on the disk before.
import "./conformance.ts";
import "./guest.ts";
import "./kills.ts";
