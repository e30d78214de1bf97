// A gRPC client that shares no code with prim: @grpc/grpc-js on Node, with the proto files read at run time.
// Prints one JSON line per finding.
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const [, , address] = process.argv;
const files = [
  "prim/v1/push.proto",
  "prim/v1/ops.proto",
  "prim/v1/chat_service.proto",
  "protobuf/acc_server.proto",
];
const options = { includeDirs: ["proto"], longs: Number, enums: String, defaults: true };
const packages = grpc.loadPackageDefinition(loader.loadSync(files, options));
const credentials = grpc.credentials.createInsecure();
const { ChatService, OpsService, PushService } = packages.prim.v1;
const push = new PushService(address, credentials);
const ops = new OpsService(address, credentials);
const chat = new ChatService(address, credentials);
const acc = new packages.protobuf.AccServer(address, credentials);

const call = (client, method, request, metadata = new grpc.Metadata()) =>
  new Promise((resolve, reject) => {
    const deadline = Date.now() + 5_000;
    client[method](request, metadata, { deadline }, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
const tell = (name, value) => process.stdout.write(`${JSON.stringify({ name, value })}\n`);
let open = 3;

const { token } = await call(chat, "login", { userId: "ann", appPlatform: 101 });
const metadata = new grpc.Metadata();
metadata.set("authorization", `Bearer ${token}`);
const stream = chat.subscribe({}, metadata);
stream.on("data", ({ subscribed, pushes }) => {
  if (subscribed) void talk();
  for (const { msg } of pushes) {
    tell("pushed", { msg: msg.msg, offset: msg.offset });
    finish();
  }
});
stream.on("error", async ({ code }) => {
  tell("ended", code);
  process.exit(0);
});

// Both pushes and the answers to all calls, in whatever order they come.
function finish() {
  open -= 1;
  if (open === 0) stream.cancel();
}

async function talk() {
  tell("online", (await call(push, "queryUsersOnline", { users: [{ userId: "ann" }] })).users[0].online);
  tell("state", (await call(ops, "getState", {})).state.status);
  const refused = await call(push, "sendToUser", { userId: "", content: { msg: "x" } }).catch(
    (error) => error,
  );
  tell("refused", { code: refused.code, details: refused.metadata.get("grpc-status-details-bin").length });
  const key = { appID: 101, userID: "ann" };
  tell("acc online", await call(acc, "queryUsersOnline", key));
  tell("acc list", await call(acc, "getUserList", { appID: 101 }));
  const message = { ...key, seq: "1", cms: "msg", type: "text", msg: "one" };
  tell("acc send", (await call(acc, "sendMsg", message)).retCode);
  tell("acc all", (await call(acc, "sendMsgAll", { ...message, userID: "bob", msg: "last" })).retCode);
  finish();
}
