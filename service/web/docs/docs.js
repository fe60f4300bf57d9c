// Shows openapi.json with Swagger UI. validatorUrl would send the document to another host.
SwaggerUIBundle({ url: "openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null });
