package com.example.orders;

import io.connectctl.junit5.ConnectServer;
import io.connectctl.junit5.Reuse;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** One small server for all test classes that carry this. */
@ConnectServer(
        spark = "4.0.1",
        master = "local[1]",
        driverMemory = "512m",
        conf = "spark.sql.shuffle.partitions=1",
        reuse = Reuse.RUN)
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@interface SmallSpark {}
