package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;

/** Every server. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ServerList(String apiVersion, String kind, List<ServerView> servers) {}
