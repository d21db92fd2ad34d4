package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;

/** Every lease, pools' spares included. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record LeaseList(String apiVersion, String kind, List<LeaseView> leases) {}
