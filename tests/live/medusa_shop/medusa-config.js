const { defineConfig } = require("@medusajs/framework/utils")

const here = "http://127.0.0.1"
module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { ssl: false, connection: { ssl: false } },
    http: {
      host: "127.0.0.1", storeCors: here, adminCors: here, authCors: here,
      jwtSecret: "live", cookieSecret: "live",
    },
  },
})
