package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/**
 * Whether Python UDFs can work on a server.
 *
 * @param text one line for people
 * @param works false if it is a warning
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record PythonView(String text, boolean works) {}
