// dcmjs-dimse against a server: node dcmjs_dimse.mjs PEERS PORT VERB [ARGUMENT...]
// PEERS is the folder that it was installed in. Prints what came as one line of JSON.
//   echo | store FILE... | find PATIENT-ID | get STUDY | move STUDY OWN-PORT
import { createRequire } from "node:module";
import path from "node:path";

const [peers, port, verb, ...rest] = process.argv.slice(2);
const dimse = createRequire(path.join(path.resolve(peers), "package.json"))("dcmjs-dimse");
const { Client, Scp, Server, log } = dimse;
const { CEchoRequest, CFindRequest, CGetRequest, CMoveRequest, CStoreRequest } = dimse.requests;
const { CEchoResponse, CStoreResponse } = dimse.responses;
const { PresentationContextResult, Status, TransferSyntax } = dimse.constants;
log.setLevel("silent");

const came = { statuses: [], found: [], stored: [] };

/** What an object is told by: its UIDs, and how many bytes of pixels it has. */
function told(dataset) {
  const elements = dataset.getElements();
  const pixels = elements.PixelData?.[0] ?? elements.PixelData;
  return { sop: elements.SOPInstanceUID, syntax: dataset.getTransferSyntaxUid(), bytes: pixels?.byteLength ?? 0 };
}

function take(request, callback) {
  came.stored.push(told(request.getDataset()));
  const response = CStoreResponse.fromRequest(request);
  response.setStatus(Status.Success);
  callback(response);
}

function note(request) {
  request.on("response", (response) => {
    came.statuses.push(response.getStatus());
    if (verb === "find" && response.getStatus() === Status.Pending) {
      const found = response.getDataset().getElements();
      came.found.push({ study: found.StudyInstanceUID, name: found.PatientName });
    }
  });
  return request;
}

/** Where a C-MOVE's objects arrive: takes everything, in explicit VR little endian. */
class Destination extends Scp {
  associationRequested(association) {
    for (const { id } of association.getPresentationContexts()) {
      const context = association.getPresentationContext(id);
      const wanted = TransferSyntax.ExplicitVRLittleEndian;
      if (context.getTransferSyntaxUids().includes(wanted))
        context.setResult(PresentationContextResult.Accept, wanted);
      else context.setResult(PresentationContextResult.RejectTransferSyntaxesNotSupported);
    }
    this.sendAssociationAccept();
  }
  cEchoRequest(request, callback) {
    callback(CEchoResponse.fromRequest(request));
  }
  cStoreRequest(request, callback) {
    take(request, callback);
  }
  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

const requests = {
  echo: () => [new CEchoRequest()],
  store: () => rest.map((file) => new CStoreRequest(file)),
  find: () => [CFindRequest.createStudyFindRequest({ PatientID: rest[0], PatientName: "" })],
  get: () => [CGetRequest.createStudyGetRequest(rest[0])],
  move: () => [CMoveRequest.createStudyMoveRequest("DCMJS", rest[0])],
};

const destination = new Server(Destination);
if (verb === "move") destination.listen(Number(rest[1]));
const client = new Client();
for (const request of requests[verb]()) client.addRequest(note(request));
client.on("cStoreRequest", take);
const end = (problem) => {
  if (problem) came.problem = String(problem);
  process.stdout.write(`${JSON.stringify(came)}\n`, () => process.exit(problem ? 1 : 0));
};
client.on("networkError", end);
client.on("associationRejected", () => end("rejected"));
client.on("closed", () => end());
client.send("127.0.0.1", Number(port), "DCMJS", "LUCERNA");
