package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;

/** Every pool. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record PoolList(String apiVersion, String kind, List<PoolView> pools) {}
