// Vendure on SQLite, for tests/live/vendure.py: node server.js PORT DATABASE
// A database that is not there yet is made, with a country, a rate of tax, ways to deliver and to pay,
// and that is all: then the program ends.
const fs = require("fs");
const {
  DefaultLogger, LanguageCode, LogLevel, bootstrap, dummyPaymentHandler,
} = require("@vendure/core");
const { populate } = require("@vendure/core/cli");

const [port, database] = process.argv.slice(2);
const isNew = !fs.existsSync(database);

const config = {
  apiOptions: {
    port: Number(port), hostname: "127.0.0.1", adminApiPath: "admin-api", shopApiPath: "shop-api",
  },
  authOptions: {
    tokenMethod: ["bearer", "api-key"],
    requireVerification: false,
    superadminCredentials: {
      identifier: process.env.LIVE_USER, password: process.env.LIVE_PASSWORD,
    },
  },
  dbConnectionOptions: { type: "better-sqlite3", database, synchronize: isNew },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  importExportOptions: { importAssetsDir: __dirname },
  logger: new DefaultLogger({ level: LogLevel.Error }),
};

const goods = {
  defaultLanguage: LanguageCode.en,
  defaultZone: "Europe",
  countries: [{ name: "Poland", code: "PL", zone: "Europe" }],
  taxRates: [{ name: "VAT 23", percentage: 23 }],
  shippingMethods: [{ name: "Kurier InPost", price: 1599 }],
  paymentMethods: [{
    name: "Przelew",
    handler: {
      code: dummyPaymentHandler.code,
      arguments: [{ name: "automaticSettle", value: "false" }],
    },
  }],
  collections: [],
};

const made = isNew && populate(() => bootstrap(config), goods).then((app) => app.close());

(made ? made.then(() => process.exit(0)) : bootstrap(config))
  .catch((error) => { console.error(error); process.exit(1); });
