/**
 * The child process that holds the clients. It does what its parent asks over IPC, one command at
 * a time, and ends with its parent. Everything it can be asked is in commands.ts.
 */
import { answerCalls } from "./answering.ts";
import { ClientPool } from "./client-pool.ts";
import type { Command, Results } from "./commands.ts";
import { echo } from "./echo-load.ts";
import { fanOut } from "./fan-out-load.ts";
import { paced } from "./paced-load.ts";
import { send } from "./send-load.ts";

const pool = new ClientPool();

async function perform(command: Command, id: number): Promise<Results[keyof Results]> {
  switch (command.kind) {
    case "connect":
      return await pool.connect(command);
    case "login":
      return await pool.login(command);
    case "quiet":
      return await pool.quiet(command);
    case "fanOut":
      return await fanOut(pool, command, `${process.pid}-${id}`);
    case "echo":
      return await echo(pool, command);
    case "joinRooms":
      return await pool.joinRooms(command);
    case "send":
      return await send(pool, command, id);
    case "paced":
      return await paced(pool, command, `${process.pid}-${id}`);
  }
}

answerCalls(perform);
