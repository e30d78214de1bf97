import { describe, expect, test } from "bun:test";
import { faultsOf, load, printed } from "./fixture.ts";

describe("readArguments()", () => {
  test("knows the commands", () => {
    const kindOf = (...argv: string[]): string => load({ argv }).kind;
    expect([kindOf(), kindOf("--help"), kindOf("-h"), kindOf("--version"), kindOf("-v")]).toEqual([
      "run",
      "help",
      "help",
      "version",
      "version",
    ]);
    expect([
      kindOf("config", "--print"),
      kindOf("--print", "config"),
      kindOf("--http-port", "1", "config", "--print"),
    ]).toEqual(["print", "print", "print"]);
    // Somebody who asks for help gets it, whatever else is wrong.
    expect(kindOf("--http-port", "x", "--bogus", "-h")).toBe("help");
  });

  test("prints what the flags beside it make", () => {
    expect(printed({ argv: ["--http-port", "81"] })).toContain("httpPort: 81");
  });

  test("refuses half a command", () => {
    expect(faultsOf({ argv: ["config"] })).toEqual(["config: needs --print: prim config --print"]);
    expect(faultsOf({ argv: ["--print"] })).toEqual(["--print: belongs to a command: prim config --print"]);
    expect(faultsOf({ argv: ["config", "config", "--print"] })).toHaveLength(1);
  });

  test("refuses unknown commands and flags with a suggestion, where one is near", () => {
    expect(faultsOf({ argv: ["confg"] })).toEqual([
      '"confg": unknown command; did you mean prim config --print?',
    ]);
    expect(faultsOf({ argv: ["help"] })).toEqual(['"help": unknown command; did you mean --help?']);
    expect(faultsOf({ argv: ["qqqqqqqqqqqq"] })).toEqual(['"qqqqqqqqqqqq": unknown command']);
    expect(faultsOf({ argv: ["--htp-port", "80", "--__proto__=1", "--confi=x", "-abc", "-p80"] })).toEqual([
      "--htp-port: unknown flag; did you mean --http-port?",
      "--__proto__: unknown flag",
      "--confi: unknown flag; did you mean --config?",
      "-a: unknown flag",
      "-p: unknown flag",
    ]);
    expect(faultsOf({ argv: ["--", "--http-port", "80"] }).length).toBeGreaterThan(0);
    expect(faultsOf({ argv: ["--no-http-port"] })).toEqual([
      "--no-http-port: unknown flag; did you mean --http-port?",
    ]);
  });

  test("refuses a flag without its value, and a switch with one", () => {
    const needs = "--http-port: needs a value (one that begins with dashes is given as --http-port=VALUE)";
    expect(faultsOf({ argv: ["--http-port"] })).toEqual([needs]);
    expect(faultsOf({ argv: ["--http-port", "--rpc-port", "80"] })[0]).toBe(needs);
    expect(faultsOf({ argv: ["--help=yes"] })).toEqual(["--help: takes no value"]);
    expect(faultsOf({ argv: ["--http-port="] })).toEqual([
      '--http-port: app.httpPort is "": must be a whole number from 0 to 65535 (0 takes a free port)',
    ]);
  });
});
