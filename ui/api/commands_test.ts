import assert from "node:assert/strict";
import { cliCommand, curlCommand, shellWord } from "./commands.ts";

Deno.test("shellWord() is read back by a shell as it was", async () => {
  for (const text of ["edge-01", "10.0.0.5:80", "", "it's", "$HOME `x` \\", "a b\n*", "[::1]:80"]) {
    const { stdout } = await new Deno.Command("/bin/sh", {
      args: ["-c", `printf %s ${shellWord(text)}`],
    }).output();
    assert.equal(new TextDecoder().decode(stdout), text);
  }
});

Deno.test("cliCommand() says where the server is unless that is known", () => {
  const args = ["remove-rule", "7"];
  assert.equal(cliCommand(args, "http://127.0.0.1:7080"), "portunus-server remove-rule 7");
  assert.equal(
    cliCommand(args, "https://console.example"),
    "portunus-server remove-rule 7 --endpoint-url https://console.example",
  );
});

Deno.test("curlCommand() is the request, without a token", () => {
  assert.equal(
    curlCommand("DELETE /v1/rules/{rule_id}", { path: { rule_id: 7 } }, "http://h"),
    'curl -fsS -X DELETE \\\n  http://h/v1/rules/7 \\\n  -H "Authorization: Bearer ' +
      '$PORTUNUS_OPERATOR_TOKEN"',
  );
  const pushed = curlCommand(
    "POST /v1/rules",
    { body: { client: "it's", listen_port: 80 } },
    "http://h",
  );
  assert.match(pushed, /-H 'Content-Type: application\/json' \\\n {2}-d '\{"client":"it'\\''s",/);
});
