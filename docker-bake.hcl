# All images: `docker buildx bake`. For a registry: `REGISTRY=registry.example.com/booking TAG=1.2.3 docker buildx bake --push`, on builders
# of both platforms with `PLATFORMS=linux/amd64,linux/arm64`.
variable "REGISTRY" {
  default = "ghcr.io/restaurant-booking"
}

variable "TAG" {
  default = "0.1.0"
}

variable "REVISION" {
  default = "unknown"
}

# Separated by commas; empty: the builder's own.
variable "PLATFORMS" {
  default = ""
}

group "default" {
  targets = ["auth", "menu", "reservation", "operator", "backup"]
}

target "image" {
  name   = service
  # e2e is for the end-to-end tests alone: `docker buildx bake e2e`.
  matrix = { service = ["auth", "menu", "reservation", "operator", "backup", "e2e"] }
  target = service
  tags   = ["${REGISTRY}/${service}:${TAG}"]
  args = {
    VERSION  = TAG
    REVISION = REVISION
  }
  platforms = PLATFORMS == "" ? null : split(",", PLATFORMS)
}
