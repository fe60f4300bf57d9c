# R with httr2 (https://httr2.r-lib.org): predictions, a boundary as a matrix, the comparison as a data frame.
library(httr2)

url <- Sys.getenv("BOUNDARY_URL", "http://127.0.0.1:8000")

# The response says what is wrong with a request.
ask <- function(path) {
  request(url) |>
    req_url_path_append(path) |>
    req_error(body = function(response) resp_body_json(response, check_type = FALSE)$detail)
}

points <- rbind(c(0.1, 0.2), c(0.9, -0.4))  # becomes [[0.1,0.2],[0.9,-0.4]]
prediction <- ask("predict") |>
  req_body_json(list(points = points, model = "tanh-10-10"), digits = NA) |>
  req_perform() |>
  resp_body_json(simplifyVector = TRUE)
cat(prediction$model, "says", prediction$probabilities, "so", prediction$labels, "\n")

boundary <- ask("boundary") |>
  req_url_query(model = "tanh-10-10", resolution = 101) |>
  req_perform() |>
  resp_body_json(simplifyVector = TRUE)
p <- boundary$probabilities  # one row a y, one column an x
cat(dim(p), "nodes,", sum(p < 0.5), "of them class 0\n")
if (interactive()) contour(boundary$x, boundary$y, t(p), levels = 0.5)

comparison <- ask("comparison") |>
  req_headers(Accept = "text/csv") |>
  req_perform() |>
  resp_body_string() |>
  (\(text) read.csv(text = text))()
print(comparison[c("model", "accuracy_mean", "accuracy_ci95_low", "accuracy_ci95_high")], row.names = FALSE)
