// Reads resources from standard input, one a line, and writes for each its errors and warnings, one list a line.
const { Fhir } = require("fhir");

const fhir = new Fhir();
const lines = require("fs").readFileSync(0, "utf-8").split("\n").filter(Boolean);
for (const line of lines) {
  const found = fhir.validate(JSON.parse(line), { errorOnUnexpected: true });
  console.log(JSON.stringify(found.messages.filter((each) => each.severity !== "info")));
}
