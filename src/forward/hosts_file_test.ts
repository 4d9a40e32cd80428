import assert from "node:assert/strict";
import { HostsFile, parseHosts } from "./hosts_file.ts";

Deno.test("parseHosts() reads addresses by name, in the file's order", () => {
  const hosts = parseHosts(
    [
      "# the loopback",
      "127.0.0.1\tlocalhost  At-Home # and a comment",
      "::1 localhost ip6-localhost",
      "  10.0.0.7   db.corp.example. at-home\r",
      "10.0.0.7 at-home",
      "",
      "fe80::1%lo0 localhost",
      "10.0.0 short",
      "no-address at all",
      "2001:DB8:0::7 db.corp.example",
    ].join("\n"),
  );
  assert.deepEqual(Object.fromEntries(hosts), {
    "localhost": ["127.0.0.1", "::1"],
    "at-home": ["127.0.0.1", "10.0.0.7"],
    "ip6-localhost": ["::1"],
    "db.corp.example": ["10.0.0.7", "2001:db8::7"],
  });
});

/** A file of the test's making; `null` while it is not there. */
class FakeFile {
  content: string | null = null;
  reads = 0;

  stamp(): Promise<string> {
    return this.content === null
      ? Promise.reject(new Deno.errors.NotFound())
      : Promise.resolve(`${this.content.length}`);
  }

  read(): Promise<string> {
    this.reads += 1;
    return this.content === null
      ? Promise.reject(new Deno.errors.NotFound())
      : Promise.resolve(this.content);
  }
}

Deno.test("HostsFile reads a file that has changed, and no other", async () => {
  const file = new FakeFile();
  const hosts = new HostsFile(file);
  assert.deepEqual(await hosts.addressesOf("db"), [], "there is no file yet");

  file.content = "192.0.2.1 db\n";
  await Promise.all(Array.from({ length: 10 }, () => hosts.addressesOf("db")));
  assert.deepEqual(await hosts.addressesOf("db"), ["192.0.2.1"]);
  assert.deepEqual(await hosts.addressesOf("other"), []);
  assert.equal(file.reads, 1);

  file.content = "192.0.2.1 gone\n192.0.2.22 db\n";
  assert.deepEqual(await hosts.addressesOf("db"), ["192.0.2.22"]);
  file.content = null;
  assert.deepEqual(await hosts.addressesOf("db"), []);
});

Deno.test("HostsFile tries again after a file that could not be read", async () => {
  const file = new FakeFile();
  file.content = "192.0.2.1 db\n";
  const failure = Promise.reject(new Error("no descriptors left"));
  const hosts = new HostsFile({
    stamp: () => file.stamp(),
    read: () => file.reads++ === 0 ? failure : Promise.resolve(file.content ?? ""),
  });
  assert.deepEqual(await hosts.addressesOf("db"), []);
  assert.deepEqual(await hosts.addressesOf("db"), ["192.0.2.1"]);
});
